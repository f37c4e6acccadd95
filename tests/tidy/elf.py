"""The kernel as the linker made it: nothing writable and executable, no instruction that leaves by another door."""

import re
import struct
import subprocess

PAGE = 4096
PT_LOAD, PT_INTERP, PF_X, PF_W = 1, 3, 1, 2
SHT_SYMTAB, SHN_UNDEF, STB_WEAK = 2, 0, 2

# Inside an enclave these fault; one in the kernel is a bug on silicon and a bypass of the border in software.
FORBIDDEN = re.compile(r"^(syscall|sysenter|sysexit|sysret\w*|int\s+\$0x80|iret\w*|in[bwl]?\s.*%dx|out[bwl]?\s.*%dx)\b")
PREFIXES = re.compile(r"^(?:(?:rex\.?\w*|lock|repn?z?|data16|cs|ds|es|fs|gs|notrack|bnd)\s+)*")
ENCLU_SECTION = ".enclu"
ENCLU_BYTES = b"\x0f\x01\xd7"
VECTOR = re.compile(r"%([xyz]?mm\d+|st\b|k[0-7]\b)")

# Nettle's functions and its constructor may touch vector registers: the constructor runs before there is a program, and
# fpu_begin() and fpu_end() of kernel/lib/fpu.h stand around each later call. gcm_fill and gcm_hash are local functions
# of its gcm.c, which the kernel links but does not call.
VECTOR_ALLOWED = re.compile(r"^(_?nettle_\w+|fat_init|gcm_fill|gcm_hash)$")


class Elf:
    """The little of ELF64 that the checks need."""

    def __init__(self, data):
        self.data = data
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a little-endian 64-bit ELF file")
        header = struct.unpack_from("<HHIQQQIHHHHHH", data, 16)
        phoff, shoff, phnum, shnum, self.shstrndx = header[4], header[5], header[9], header[11], header[12]
        self.segments = [struct.unpack_from("<IIQQQQQQ", data, phoff + 56 * i) for i in range(phnum)]
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + 64 * i) for i in range(shnum)]

    def string(self, section, offset):
        start = self.sections[section][4] + offset
        return self.data[start:self.data.index(b"\0", start)].decode()

    def section_range(self, name):
        for section in self.sections:
            if self.string(self.shstrndx, section[0]) == name:
                return section[3], section[3] + section[5]
        return 0, 0

    def undefined(self):
        for section in self.sections:
            if section[1] != SHT_SYMTAB:
                continue
            for offset in range(section[4] + 24, section[4] + section[5], 24):
                name, info, _, index, _, _ = struct.unpack_from("<IBBHQQ", self.data, offset)
                if index == SHN_UNDEF and info >> 4 != STB_WEAK and name:
                    yield self.string(section[6], name)

    def executable(self):
        """(address, bytes) of what is executable."""
        for kind, flags, offset, address, _, size, _, _ in self.segments:
            if kind == PT_LOAD and flags & PF_X:
                yield address, self.data[offset:offset + size]


def check_segments(elf):
    for kind, flags, _, address, _, _, _, _ in elf.segments:
        if kind == PT_LOAD and flags & PF_W and flags & PF_X:
            yield f"segment at {address:#x} is writable and executable"


def check_undefined(elf):
    for name in elf.undefined():
        yield f"undefined symbol {name}"


def check_enclu_bytes(elf):
    """The three bytes of ENCLU occur on their page only, at no alignment elsewhere."""
    low, high = elf.section_range(ENCLU_SECTION)
    if low % PAGE or high - low > PAGE:
        yield f"section {ENCLU_SECTION} ({low:#x}-{high:#x}) is not one page"
    for address, data in elf.executable():
        found = data.find(ENCLU_BYTES)
        while found >= 0:
            if not low <= address + found < high:
                yield f"ENCLU at {address + found:#x}, outside section {ENCLU_SECTION} ({low:#x}-{high:#x})"
            found = data.find(ENCLU_BYTES, found + 1)


def check_instructions(listing):
    """listing: objdump -d --no-show-raw-insn."""
    function = "?"
    for line in listing.split("\n"):
        label = re.match(r"[0-9a-f]+ <(.+)>:", line)
        if label:
            function = label[1]
            continue
        instruction = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
        if not instruction:
            continue
        text = PREFIXES.sub("", instruction[2].strip())
        if FORBIDDEN.match(text):
            yield f"{function}: {text} at {instruction[1]}"
        elif VECTOR.search(text) and not VECTOR_ALLOWED.match(function):
            yield f"{function}: vector register: {text} at {instruction[1]}"


def check_static(elf):
    """The host half loads nothing: a dynamic linker would bring private file mappings, which root can write."""
    for segment in elf.segments:
        if segment[0] == PT_INTERP:
            yield "asks for a dynamic linker"


def scan_host(path):
    elf = Elf(path.read_bytes())
    return {"the host half is static, nothing writable and executable, nothing undefined":
            [*check_static(elf), *check_segments(elf), *check_undefined(elf)]}


def scan_kernel(path):
    """{check: failures} for a kernel file."""
    elf = Elf(path.read_bytes())
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True,
                             check=True).stdout
    return {
        "no segment is writable and executable": list(check_segments(elf)),
        "no undefined symbol": list(check_undefined(elf)),
        "ENCLU stands on its page only": list(check_enclu_bytes(elf)),
        "no instruction leaves the kernel, no vector registers": list(check_instructions(listing)),
    }
