"""What a disk may hold after a power cut, computed from a recording of recorder.c.

What was synced is there: a file's content by a sync of the file, a name by a sync of its folder, each as far as it was written before the
sync began. Of the rest anything may be there: nothing, all of it, a part in order, a part out of order, and of a write any of its sectors
of 512 bytes. A rename within a folder is there whole or not at all; one between two folders may leave the file under both names, but never
under none. That is more than a journaling file system does and no more than POSIX allows.
"""
import os
import pathlib
import struct

SECTOR = 512
HEADER = struct.Struct("<IIQQIIII")
MAGIC = 0x74766570
(CREATE, WRITE, TRUNCATE, ALLOCATE, MKDIR, RENAME, LINK, UNLINK, CHMOD, SYNC_BEGIN, SYNC_END, MAPPED) = range(1, 13)
NAMES = ("", "create", "write", "truncate", "allocate", "mkdir", "rename", "link", "unlink", "chmod", "sync", "synced", "mapped")

# What becomes of that which was not synced, and how often.
STYLES = {"dropped": 2, "kept": 1, "cut": 2, "reordered": 3, "torn": 3, "mixed": 3}


class Event:
    def __init__(self, op, inode, offset, path, other, data, process, end):
        self.op, self.inode, self.offset = op, inode, offset
        self.path, self.other, self.data = path, other, data
        self.process, self.end = process, end  # `end`: where it ends in the recording

    def __str__(self):
        where = f" {self.path}" if self.path else f" inode {self.inode}"
        return NAMES[self.op] + where + (f" to {self.other}" if self.other else "") + (
            f" {len(self.data)} bytes at {self.offset}" if self.op == WRITE else "")


def read_events(recording):
    data = pathlib.Path(recording).read_bytes()
    events, at = [], 0
    while at < len(data):
        magic, op, inode, offset, path_len, other_len, data_len, process = HEADER.unpack_from(data, at)
        if magic != MAGIC:
            raise AssertionError(f"{recording}: no event at {at}")
        at += HEADER.size
        path = data[at:at + path_len].decode()
        other = data[at + path_len:at + path_len + other_len].decode()
        at += path_len + other_len
        events.append(Event(op, inode, offset, path, other, data[at:at + data_len], process, at + data_len))
        at += data_len
    return events


def write_event(file, op, inode, offset=0, path="", data=b""):
    path = path.encode()
    file.write(HEADER.pack(MAGIC, op, inode, offset, len(path), 0, len(data), 0) + path + data)


def record_existing(recording, root):
    """Begins a recording with what is in the folder already, as if it had just been written and synced."""
    root = pathlib.Path(root)
    number = 0
    with open(recording, "ab") as file:
        for path in [root, *sorted(root.rglob("*"))]:
            status = path.lstat()
            if path.is_dir():
                write_event(file, MKDIR, status.st_ino, status.st_mode & 0o777, str(path))
            elif not path.name.endswith("-shm"):
                write_event(file, CREATE, status.st_ino, status.st_mode & 0o777, str(path))
                write_event(file, WRITE, status.st_ino, 0, data=path.read_bytes())
        for path in [root, *sorted(root.rglob("*"))]:
            number += 1
            write_event(file, SYNC_BEGIN, path.lstat().st_ino, number)
            write_event(file, SYNC_END, path.lstat().st_ino, number)


class Pending:
    """A change that is not known to be on the disk."""

    def __init__(self, number, op, **more):
        self.number, self.op = number, op  # `number`: of its event
        self.__dict__.update(more)


class File:
    def __init__(self, mode):
        self.synced = bytearray()
        self.mode = mode
        self.pending = []

    def sync(self, before):
        for change in self.pending:
            if change.number < before:
                apply_to_content(self.synced, change)
        self.pending = [c for c in self.pending if c.number >= before]


class Folder:
    def __init__(self, mode):
        self.synced = {}  # name -> File or Folder
        self.mode = mode
        self.pending = []

    def sync(self, before):
        for change in self.pending:
            if change.number < before:
                if change.needs is not None:
                    change.needs.folder.sync_one(change.needs)
                self.sync_one(change)
        self.pending = [c for c in self.pending if c.number >= before]

    def sync_one(self, change):
        if not change.is_synced:
            apply_to_names(self.synced, change)
            change.is_synced = True


def apply_to_content(content, change, sectors=None):
    """`sectors`: says of each sector's offset whether it is written."""
    if change.op == TRUNCATE:
        resize(content, change.size)
    elif change.op == ALLOCATE:
        resize(content, max(len(content), change.size))
    elif sectors is None:
        put(content, change.offset, change.data)
    else:
        at = 0
        while at < len(change.data):
            offset = change.offset + at
            part = change.data[at:at + SECTOR - offset % SECTOR]
            if sectors(offset):
                put(content, offset, part)
            at += len(part)


def resize(content, size):
    del content[size:]
    content.extend(bytes(size - len(content)))


def put(content, offset, data):
    if len(content) < offset:
        resize(content, offset)
    content[offset:offset + len(data)] = data


def apply_to_names(names, change):
    if change.removed is not None:
        names.pop(change.removed, None)
    if change.added is not None:
        names[change.added] = change.node


class Disk:
    """Takes the events one after another; image() may be asked for in between."""

    def __init__(self, root):
        self.root_path = str(root)
        self.root = Folder(0o700)
        self.now = {self.root_path: self.root}  # path -> node, as a running program sees it
        self.inodes = {}
        self.syncs = {}
        self.number = 0
        self.is_ignoring_syncs = False  # to see the checks fail

    def take(self, event):
        self.number += 1
        if event.op == MAPPED:
            raise AssertionError("a file was written through a mapping, which the recorder does not see")
        node = self.inodes.get(event.inode)
        if event.op in (CREATE, MKDIR):
            self.make(event)
        elif event.op == WRITE:
            node.pending.append(Pending(self.number, WRITE, offset=event.offset, data=event.data))
        elif event.op in (TRUNCATE, ALLOCATE):
            node.pending.append(Pending(self.number, event.op, size=event.offset))
        elif event.op == CHMOD:
            node.mode = event.offset
        elif event.op == SYNC_BEGIN:
            self.syncs[event.process, event.offset] = self.number
        elif event.op == SYNC_END and not self.is_ignoring_syncs:
            node.sync(self.syncs.pop((event.process, event.offset)))
        elif event.op in (RENAME, LINK, UNLINK):
            self.rename(event)

    def make(self, event):
        if event.path == self.root_path:
            self.inodes[event.inode] = self.root
            return
        node = self.inodes[event.inode] = Folder(event.offset) if event.op == MKDIR else File(event.offset)
        self.now[event.path] = node
        folder, name = os.path.split(event.path)
        self.change_names(folder, removed=None, added=name, node=node)

    def change_names(self, folder, **what):
        change = Pending(self.number, RENAME, folder=self.now[folder], needs=None, is_synced=False, **what)
        self.now[folder].pending.append(change)
        return change

    def rename(self, event):
        folder, name = os.path.split(event.path)
        if event.op == UNLINK:
            self.now.pop(event.path)
            self.change_names(folder, removed=name, added=None, node=None)
            return
        node = self.now[event.path]
        to_folder, to_name = os.path.split(event.other)
        if event.op == LINK:
            self.change_names(to_folder, removed=None, added=to_name, node=node)
        elif folder == to_folder:
            self.change_names(folder, removed=name, added=to_name, node=node)
        else:
            added = self.change_names(to_folder, removed=None, added=to_name, node=node)
            self.change_names(folder, removed=name, added=None, node=None).needs = added
        for path, moved in list(self.now.items()):
            if path == event.path or path.startswith(event.path + "/"):
                self.now[event.other + path[len(event.path):]] = moved
                if event.op == RENAME:
                    del self.now[path]

    # -- after a power cut

    def image(self, target, chance):
        """Writes into the new folder `target` what the disk may hold now. Gives the style."""
        style = chance.choices(list(STYLES), STYLES.values())[0]
        Image(self, style, chance).write_folder(self.root, pathlib.Path(target))
        return style


class Image:
    def __init__(self, disk, style, chance):
        self.style, self.chance = style, chance
        self.last = chance.choice([0, *sorted({c.number for node in disk.now.values() for c in node.pending})])  # for "cut"
        self.kept = {}  # change of names -> whether it is there

    def pick(self):
        """One file's or folder's style."""
        return self.style if self.style != "mixed" else self.chance.choice(("dropped", "kept", "cut", "reordered", "torn"))

    def is_kept(self, change, style):
        if style == "cut":
            return change.number <= self.last
        return style == "kept" or style in ("reordered", "torn") and self.chance.random() < 0.5

    def is_name_kept(self, change, style):
        if change.is_synced:
            return True
        if change not in self.kept:
            is_kept = self.is_kept(change, style)
            self.kept[change] = is_kept and (change.needs is None or self.is_name_kept(change.needs, style))
        return self.kept[change]

    def write_folder(self, folder, path):
        names, style = dict(folder.synced), self.pick()
        for change in folder.pending:
            if self.is_name_kept(change, style):
                apply_to_names(names, change)
        path.mkdir()
        for name, node in names.items():
            if isinstance(node, Folder):
                self.write_folder(node, path / name)
            else:
                (path / name).write_bytes(self.content(node))
                os.chmod(path / name, node.mode)
        os.chmod(path, folder.mode)

    def content(self, file):
        content, style = bytearray(file.synced), self.pick()
        if style == "dropped":
            return content
        for change in file.pending:
            if style == "torn" and change.op == WRITE:
                share = self.chance.random()
                apply_to_content(content, change, lambda _: self.chance.random() < share)
            elif self.is_kept(change, style):
                apply_to_content(content, change, self.tear_last(change) if style == "cut" else None)
        return content

    def tear_last(self, change):
        """The power went during the last write that is there."""
        if change.number != self.last or change.op != WRITE:
            return None
        end = change.offset + self.chance.randrange(len(change.data) + 1)
        return lambda offset: offset < end
