/* Sizes that the formats of this folder fix, in bytes. */
#pragma once

#define KEY_BYTES	  32 /* of every key, and of an Ed25519 seed */
#define HASH_BYTES	  32 /* SHA-256 and BLAKE2b-256 */
#define SIGN_PUBLIC_BYTES 32 /* an Ed25519 public key (RFC 8032) */
#define SIGNATURE_BYTES	  64 /* an Ed25519 signature */
