/* Reading JSON: whatever is accepted, written and read again is equal. */
#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_format(DOC_JSON, data, size);
	return 0;
}
