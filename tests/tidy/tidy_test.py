#!/usr/bin/env python3
"""Each check of tidy fires on what it is for, and is silent on what is right."""

import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import elf  # noqa: E402
import includes  # noqa: E402
import reflow  # noqa: E402
import style  # noqa: E402
from tap import run  # noqa: E402
from tree import Tree, without_comments, without_strings  # noqa: E402


def found(check, **files):
    """Texts of what the check says about these files ({path with __ for / and _DOT for the dot: text})."""
    return [text for _, _, text in check(Tree({name.replace("__", "/").replace("_DOT", "."): text
                                               for name, text in files.items()}))]


def function(name, lines, before=""):
    return f"{before}int {name}(void)\n{{\n" + "\tx();\n" * lines + "}\n"


class Includes(unittest.TestCase):
    def includes(self, folder, line, *more):
        files = {f"{folder}/a.c": f"{line}\n"} | {name: "" for name in more}
        return [text for _, _, text in includes.check_includes(Tree(files))]

    def test_kernel_must_not_see_host_image_server_or_libc(self):
        for bad in ("host/x.h", "image/x.h", "server/x.h", "cpu/encls.h", "cli/x.h"):
            self.assertEqual(len(self.includes("kernel/mm", f'#include "{bad}"', bad)), 1, bad)
        for bad in ("stdio.h", "string.h", "errno.h", "nettle/aes.h", "sys/mman.h"):
            self.assertEqual(len(self.includes("kernel/mm", f"#include <{bad}>")), 1, bad)

    def test_kernel_may_see_its_contracts(self):
        for good in ("abi/sgx.h", "base/mem.h", "crypto/sha256.h", "cpu/enclu.h", "kernel/mm/vma.h"):
            self.assertEqual(self.includes("kernel/mm", f'#include "{good}"', good), [], good)
        self.assertEqual(self.includes("kernel/mm", "#include <stdint.h>"), [])

    def test_host_must_not_see_the_kernel(self):
        self.assertEqual(len(self.includes("host", '#include "kernel/kernel.h"', "kernel/kernel.h")), 1)
        self.assertEqual(self.includes("host", '#include "cpu/encls.h"', "cpu/encls.h"), [])

    def test_abi_includes_nothing_of_ours(self):
        self.assertEqual(len(self.includes("abi", '#include "base/mem.h"', "base/mem.h")), 1)

    def test_attest_has_no_clock_and_no_input_or_output(self):
        for bad in ("time.h", "stdio.h", "sys/stat.h", "unistd.h", "curl/curl.h"):
            self.assertEqual(len(self.includes("attest", f"#include <{bad}>")), 1, bad)
        self.assertEqual(self.includes("attest", "#include <openssl/evp.h>"), [])

    def test_server_must_not_see_the_kernel_nor_image_the_processor(self):
        self.assertEqual(len(self.includes("server", '#include "kernel/a.h"', "kernel/a.h")), 1)
        self.assertEqual(len(self.includes("image", '#include "cpu/encls.h"', "cpu/encls.h")), 1)

    def test_cli_must_not_see_the_server(self):
        self.assertEqual(len(self.includes("cli", '#include "server/a.h"', "server/a.h")), 1)

    def test_includes_are_relative_to_the_root(self):
        self.assertEqual(len(self.includes("kernel/mm", '#include "vma.h"', "kernel/mm/vma.h")), 1)

    def test_headers_that_the_build_makes(self):
        files = {"kernel/a.c": '#include "calls.h"\n', "kernel/meson.build": "custom_target('x', output: 'calls.h')\n"}
        self.assertEqual(list(includes.check_includes(Tree(files))), [])
        self.assertEqual(len(self.includes("kernel/mm", '#include "calls.h"')), 1)

    def test_a_commented_include_is_none(self):
        self.assertEqual(self.includes("kernel/mm", '/* #include "host/x.h" */'), [])

    def test_unknown_folder(self):
        self.assertEqual(len(self.includes("stuff", "#include <stdint.h>")), 1)


class Manifests(unittest.TestCase):
    def check(self, files):
        return [path for path, _, _ in includes.check_manifests(Tree(files))]

    def test_unlisted_source(self):
        files = {"base/a.c": "", "base/b.c": "", "base/meson.build": "files('a.c')\n"}
        self.assertEqual(self.check(files), ["base/b.c"])

    def test_listed_from_the_folder_above(self):
        self.assertEqual(self.check({"kernel/mm/a.c": "", "kernel/meson.build": "files('mm/a.c')\n"}), [])

    def test_the_same_name_elsewhere_does_not_count(self):
        self.assertEqual(self.check({"a/x.c": "", "b/x.c": "", "b/meson.build": "files('x.c')\n"}), ["a/x.c"])

    def test_a_test_does_not_vouch_for_the_kernel(self):
        files = {"kernel/fs/a.c": "", "tests/fuzz/f.c": "",
                 "tests/unit/a/meson.build": "files('../../../kernel/fs/a.c', '../../fuzz/f.c')\n"}
        self.assertEqual(self.check(files), ["kernel/fs/a.c"])

    def test_a_script_vouches_for_its_folder_and_for_src_below(self):
        files = {"bench/run": "compile_c('a.c')\n", "bench/src/a.c": "", "bench/src/b.c": "", "bench/old/a.c": ""}
        self.assertEqual(self.check(files), ["bench/old/a.c", "bench/src/b.c"])
        self.assertEqual(self.check({"kernel/run": "a.c\n", "kernel/src/a.c": ""}), ["kernel/src/a.c"])

    def test_only_the_host_may_build_from_tests_evil(self):
        files = {"tests/evil/a.c": "", "tests/unit/b.c": "",
                 "host/meson.build": "executable('x', '../tests/evil/a.c', '../tests/unit/b.c')\n"}
        self.assertEqual(self.check(files), ["tests/unit/b.c"])

    def test_globs(self):
        self.assertEqual(self.check({"kernel/meson.build": "run_command('ls *.c')\n"}), ["kernel/meson.build"])


class Style(unittest.TestCase):
    def test_function_length(self):
        self.assertEqual(len(found(style.check_functions, a_DOTc=function("f", 71))), 1)
        self.assertEqual(found(style.check_functions, a_DOTc=function("f", 70)), [])
        self.assertEqual(found(style.check_functions, a_DOTc=function("f", 90, "/* Long: one case a call. */\n")), [])
        self.assertEqual(len(found(style.check_functions, a_DOTc=function("f", 90, "/* Long: of another. */\n\n"))), 1)
        self.assertEqual(len(found(style.warn_functions, a_DOTc=function("f", 51))), 1)
        self.assertIn("g()", found(style.check_functions, a_DOTc=function("f", 3) + "\n" + function("g", 80))[0])

    def test_the_name_of_a_function_with_a_long_signature(self):
        text = "static int\n" + function("f", 1).replace("(void)", "(int a,\n\tint b)")
        self.assertEqual([name for name, *_ in style.functions(text)], ["f"])

    def test_file_length(self):
        self.assertEqual(len(found(style.check_files, base__a_DOTc="x;\n" * 401)), 1)
        self.assertEqual(found(style.check_files, base__a_DOTc="x;\n" * 400), [])
        self.assertEqual(found(style.check_files, base__a_DOTc="/* Long: one table. */\n" + "x;\n" * 500), [])
        self.assertEqual(found(style.check_files, abi__a_DOTdef="x;\n" * 500, tests__a_DOTc="x;\n" * 500), [])
        self.assertEqual(len(found(style.warn_files, base__a_DOTc="x;\n" * 301)), 1)

    def test_lines(self):
        self.assertEqual(len(found(style.check_lines, a_DOTc="x" * 121 + "\n")), 1)
        self.assertEqual(len(found(style.check_lines, a_DOTc="\t" + "x" * 113 + "\n")), 1)
        self.assertEqual(found(style.check_lines, a_DOTc="x" * 120 + "\n"), [])
        for bad in ("x \n", "x\t\n", "x\r\n", "x", "x\n\n"):
            self.assertEqual(len(found(style.check_lines, a_DOTc=bad)), 1, repr(bad))

    def test_tabs(self):
        self.assertEqual(len(found(style.check_tabs, a_DOTc="{\n    x();\n}\n")), 1)
        self.assertEqual(len(found(style.check_cleanups, a_DOTc="{\n\t_cleanup_(put) struct x y;\n\t_cleanup_close_ int a, b;\n}\n")), 2)
        self.assertEqual(found(style.check_cleanups, a_DOTc="{\n\t_cleanup_(put) struct x y = { 0 };\n\tint _cleanup_x_;\n}\n"), [])
        self.assertEqual(found(style.check_tabs, a_DOTc="/*\n * text\n */\n{\n\tx(a,\n\t  b);\n}\n"), [])

    def test_banned_functions(self):
        for name in ("strcpy", "sprintf", "gets", "strcat", "atoi", "alloca", "system", "strtok"):
            self.assertEqual(len(found(style.check_banned, a_DOTc=f"\t{name}(x);\n")), 1, name)
        good = '\tsnprintf(x); p->system(x); /* gets(x) */ y("atoi(");\n'
        self.assertEqual(found(style.check_banned, a_DOTc=good), [])

    def test_guards(self):
        good = "/* A. */\n#ifndef ADYTON_BASE_A_H\n#define ADYTON_BASE_A_H\nint x;\n#endif\n"
        self.assertEqual(found(style.check_guards, base__a_DOTh=good), [])
        self.assertEqual(len(found(style.check_guards, base__b_DOTh=good)), 1)
        self.assertEqual(len(found(style.check_guards, base__a_DOTh="#pragma once\n")), 1)
        self.assertEqual(len(found(style.check_guards, base__a_DOTh=good + "int y;\n")), 1)

    def test_words(self):
        for word in ("TO" "DO", "FIX" "ME", "XX" "X", "not implemented y" "et", "place" "holder"):
            self.assertEqual(len(found(style.check_words, a_DOTc=f"/* {word} */\n")), 1, word)
        self.assertEqual(found(style.check_words, a_DOTc='mkstemp("/tmp/aXXXXXX"); /* the stub page */\n'), [])

    def test_places(self):
        for place in ("ho" "me", "ro" "ot", "wo" "rk"):
            self.assertEqual(len(found(style.check_words, a_DOTsh=f"cd /{place}/me\n")), 1, place)
        self.assertEqual(found(style.check_words, a_DOTsh="cd src/home/x /tmp/x\n"), [])

    def test_a_place_begins_where_a_path_begins(self):
        for inner in ("f'{folder}/ro" "ot/data'", "${folder}/wo" "rk/x", "$(pwd)/ho" "me/x", "$folder/ro" "ot/x"):
            self.assertEqual(found(style.check_words, a_DOTpy=f"{inner}\n"), [], inner)
        for outer in ("'/ro" "ot/data'", "{/ro" "ot/data}", "(/wo" "rk/x)", "a=/ho" "me/x", "a:/ro" "ot/x",
                      ">/ro" "ot/x"):
            self.assertEqual(len(found(style.check_words, a_DOTpy=f"{outer}\n")), 1, outer)

    def test_conditions_inside_functions(self):
        self.assertEqual(len(found(style.check_ifdefs, a_DOTc="int f(void)\n{\n#ifdef X\n\tx();\n#endif\n}\n")), 1)
        self.assertEqual(found(style.check_ifdefs, a_DOTc="#ifdef X\n#endif\n" + function("f", 2)), [])

    def test_links(self):
        self.assertEqual(len(found(style.check_links, a_DOTmd="[x](docs/none.md)\n")), 1)
        self.assertEqual(found(style.check_links, a_DOTmd="[x](b.md) [y](https://x.org/) [z](#z)\n", b_DOTmd="x\n"), [])
        self.assertEqual(found(style.check_links, docs__a_DOTmd="[x](../b.md)\n", b_DOTmd="x\n"), [])
        self.assertEqual(len(found(style.check_links, SPECIFICATION_DOTmd="`tests/none.py`\n")), 1)

    def test_comments_and_strings_are_told_apart(self):
        self.assertEqual(without_comments('a("/*"); /* b */ c').split(), ['a("/*");', "c"])
        self.assertEqual(without_strings('a("b /* c"); d').split(), ["a(", ");", "d"])
        self.assertEqual(without_comments("/* a\nb */\nc").count("\n"), 2)


LISTING = """
0000000000001000 <kernel_main>:
    1000:\tmov    %rax,%rbx
    1003:\t{}
0000000000002000 <_nettle_aes_encrypt>:
    2000:\taesenc %xmm1,%xmm0
"""


class Kernel(unittest.TestCase):
    def instructions(self, text):
        return list(elf.check_instructions(LISTING.format(text)))

    def test_instructions_that_leave(self):
        for bad in ("syscall", "sysenter", "int    $0x80", "rex.W syscall", "in     (%dx),%al"):
            self.assertEqual(len(self.instructions(bad)), 1, bad)
        for good in ("call   2000 <syscall_entry>", "int3", "int    $0x29", "ret", "inc    %eax"):
            self.assertEqual(self.instructions(good), [], good)

    def test_vector_registers(self):
        for bad in ("movups %xmm0,(%rdi)", "vmovdqu %ymm1,(%rax)", "movq   %mm0,%rax", "fstp   %st(1)"):
            self.assertEqual(len(self.instructions(bad)), 1, bad)

    def link(self, assembly, *flags):
        """An ELF file made from assembler, as the kernel's linker would."""
        with tempfile.TemporaryDirectory() as folder:
            source, linked = pathlib.Path(folder, "a.S"), pathlib.Path(folder, "a")
            source.write_text(assembly)
            command = ["cc", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", *flags, "-o", linked, source]
            subprocess.run(command, check=True, capture_output=True)
            return elf.Elf(linked.read_bytes())

    def test_enclu_outside_its_section(self):
        good = '.section .enclu,"ax"\n.balign 4096\nenclu\n.text\n.globl _start\n_start: nop\n'
        self.assertIn("not one page", list(elf.check_enclu_bytes(self.link(good.replace("4096", "64\nnop"))))[0])
        self.assertEqual(list(elf.check_enclu_bytes(self.link(good))), [])
        self.assertEqual(len(list(elf.check_enclu_bytes(self.link(good + "enclu\n")))), 1)
        hidden = good + "mov $0xd7010f00,%eax\n"
        self.assertEqual(len(list(elf.check_enclu_bytes(self.link(hidden)))), 1)

    def test_writable_and_executable(self):
        text = ".globl _start\n_start: nop\n.data\n.long 1\n"
        self.assertEqual(list(elf.check_segments(self.link(text))), [])
        self.assertEqual(len(list(elf.check_segments(self.link(text, "-Wl,-N")))), 1)

    def test_dynamic(self):
        text = ".globl _start\n_start: nop\n"
        self.assertEqual(list(elf.check_static(self.link(text))), [])
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "a")
            subprocess.run(["cc", "-x", "c", "-o", program, "-"], input=b"int main(void) { return 0; }", check=True)
            self.assertEqual(len(list(elf.check_static(elf.Elf(program.read_bytes())))), 1)

    def test_undefined(self):
        text = ".globl _start\n_start: nop\n.weak w\n.quad w\n"
        self.assertEqual(list(elf.check_undefined(self.link(text))), [])
        undefined = list(elf.check_undefined(self.link(text + ".quad missing\n", "-r")))
        self.assertEqual(undefined, ["undefined symbol missing"])

    def test_not_an_elf_file(self):
        with self.assertRaises(ValueError):
            elf.Elf(b"\x7fELF\x01\x01" + bytes(100))
        with self.assertRaises(struct.error):
            elf.Elf(b"\x7fELF\x02\x01")


class Reflow(unittest.TestCase):
    def reflow(self, text):
        lines, left = reflow.reflow(text.split("\n"))
        self.assertTrue(left or all(reflow.columns(line) <= 120 for line in lines))
        return lines, left

    def test_a_paragraph_flows(self):
        lines, _ = self.reflow("/*\n * " + "word " * 30 + "end\n * and more\n *\n * next\n */\nint x;")
        self.assertEqual(" ".join(line[3:] for line in lines[1:-4]).split(), ["word"] * 30 + ["end", "and", "more"])
        self.assertEqual(lines[-4:], [" *", " * next", " */", "int x;"])
        self.assertEqual(len(lines), 7)

    def test_a_comment_behind_code_moves_above(self):
        lines, _ = self.reflow("\tint field;" + " " * 30 + "/* " + "w " * 50 + "*/")
        self.assertEqual(lines, ["\t/* " + "w " * 50 + "*/", "\tint field;"])

    def test_one_line_becomes_a_block(self):
        lines, _ = self.reflow("/* " + "word " * 30 + "*/")
        self.assertEqual((lines[0], lines[-1], len(lines)), ("/*", " */", 4))

    def test_code_is_left_alone_and_named(self):
        code = "\tf(" + "a, " * 50 + "b);"
        self.assertEqual(self.reflow(code), ([code], [1]))


if __name__ == "__main__":
    sys.exit(run())
