"""Command lines that look harmless and may not be: every part of bash that could write, run or connect, at random.

Everything in them that does something does it to `mark`, to a program of a given name, or to `/dev/tcp/127.0.0.1/PORT`.
"""

import random
from collections.abc import Callable, Iterator

READERS = {
    "base64": ["a.txt", "-d", "-o", "mark", "-omark", "--output=mark", "--outp", "-w0", "-Domark", "-i"],
    "cat": ["a.txt", "-n", "-", "-A", "/dev/null", "b c", "./tool"],
    "cd": ["sub", "..", "-", "-P", "/", "--", "~"],
    "cut": ["-d", ":", "-f1", "a.txt", "--output-delimiter=x", "-c1-2"],
    "echo": ["a", "-n", "-e", "a\\nb", ">", "mark", "$(touch mark)", "a=b", "`touch mark`", "x{1,2}"],
    "expr": ["1", "+", "2", "a", ":", "match"],
    "false": ["a", "--help"],
    "find": [
        *[".", "sub", "-name", "*.txt", "-type", "f", "-print", "-print0", "-delete", "-exec", "touch", "mark", "{}"],
        *[";", "+", "-execdir", "-ok", "-okdir", "-fprint", "-fprint0", "-fls", "-fprintf", "%p", "-newermt", "now"],
        *["-exe", "-fp", "(", ")", "!", "-o", "-a", "-files0-from", "a.txt", "-D", "tree", "-O3", "-L", "-quit"],
    ],
    "grep": ["-r", "a", "a.txt", "-f", "--include=*.txt", "-e", "-P", "(?{system 1})", "-o", "--color=always", "-z"],
    "head": ["-n1", "a.txt", "-c", "3", "-"],
    "id": ["-u", "-n", "root"],
    "ls": ["-la", "sub", "-R", "--color=auto", "--hyperlink=always", "-1", "b c", "-I", "*.txt"],
    "nl": ["a.txt", "-ba"],
    "numfmt": ["--to=iec", "1000", "--header=1", "--format=%f"],
    "paste": ["a.txt", "-d", ",", "-s", "-"],
    "pwd": ["-P", "-L"],
    "rev": ["a.txt"],
    "rg": [
        *["a", ".", "-n", "--pre=./tool", "--pre", "./tool", "-z", "-iz", "--search-zip", "--hostname-bin=./tool"],
        *["--pr=./tool", "-e", "-f", "a.txt", "--files", "-uuu", "--pre-glob=*", "--debug", "-r", "mark"],
    ],
    "sed": [
        *[
            "-n",
            "1p",
            "1,2p",
            "a.txt",
            "-i",
            "-e",
            "-e1e touch mark",
            "-ew mark",
            "w mark",
            "--expression=1e touch mark",
        ],
        *["--in-place", "-fscript.sed", "-f", "script.sed", "--file=script.sed", "-s", "1e touch mark", "-n1p", "-E"],
        *["-i.mark", "--debug", "--", "-z", "-", "1p;w mark", "1w mark", "1s/a/touch mark/e"],
    ],
    "seq": ["1", "3", "-w", "-f", "%g", "-s", ","],
    "stat": ["a.txt", "-c", "%n", "-f", "--printf=%n"],
    "tac": ["a.txt", "-r", "-s", "a"],
    "tail": ["-n1", "a.txt", "-c", "3", "--", "-q"],
    "tr": ["a", "b", "-d", "[:space:]"],
    "true": ["a", "--version"],
    "uname": ["-a", "-r"],
    "uniq": ["a.txt", "mark", "-c", "-", "--", "-mark", "-f", "1", "+1"],
    "wc": ["-l", "a.txt", "--files0-from=a.txt", "-c"],
    "which": ["ls", "-a", "tool"],
    "whoami": ["--version"],
}
"""Programs that may be known as safe, with words that are not all so harmless."""

DOERS = (
    *[
        "touch mark",
        "tool",
        "./tool",
        "sub/tool",
        "rm a.txt",
        "tee mark",
        "cp a.txt mark",
        "dd of=mark",
        "ln a.txt mark",
    ],
    *["mkdir mark", "sh -c 'touch mark'", "bash -c 'touch mark'", "bash -lc 'echo a >mark'", "sort -o mark a.txt"],
    *["env touch mark", "env -S 'touch mark'", "env -i tool", "xargs touch mark", "xargs -a a.txt tool", "nohup tool"],
    *["git status", "git -c core.pager=./tool log", "git --paginate log", "git -c alias.x='!touch mark' x", "git x"],
    *["git diff --output=mark", "git log --output mark", "git -C sub status", "git grep -O./tool a", "git --version"],
    *["awk 'BEGIN{system(\"touch mark\")}'", "perl -e 1", "python3 -c 1", "curl 127.0.0.1", "less a.txt", "man ls"],
    *["command touch mark", "builtin command tool", "exec tool", "exec touch mark", "exec >mark", "eval 'touch mark'"],
    *[". ./script.sh", "source script.sh", "trap 'touch mark' EXIT", "trap tool 0", "alias ls='touch mark'; ls"],
    *[
        "shopt -s expand_aliases\nalias ls=tool\nls",
        "hash -p ./tool ls; ls",
        "enable -f ./tool x",
        "command -p touch mark",
    ],
    *["LD_PRELOAD=./tool.so ls", "PATH=sub:$PATH tool", "BASH_ENV=script.sh bash -c ls", "ENV=script.sh sh -c ls"],
    *[
        "export PATH=sub; tool",
        "IFS=o; ls",
        "x=$(touch mark)",
        "x=`touch mark` ls",
        "declare x=$(tool)",
        "readonly x=$(tool)",
    ],
    *["PROMPT_COMMAND=tool ls", "PS4='$(touch mark)' bash -xc ls", "PAGER=./tool ls", "GIT_PAGER=./tool git log"],
    *[
        "ls() { touch mark; }; ls",
        "function ls { touch mark; }\nls",
        "ls () (touch mark)\nls",
        "cd() { tool; }; cd sub",
    ],
    *["[ -v 'a[$(touch mark)]' ]", "test -v 'a[$(touch mark)]'", "[[ $(touch mark) ]]", "let 'a[$(touch mark)]=1'"],
    *[
        "(( a[$(touch mark)] ))",
        "echo $(( $(touch mark; echo 1) ))",
        "echo $[ $(tool) ]",
        "printf -v 'a[$(touch mark)]' x",
    ],
    *["read x <<<$(touch mark)", "mapfile -C 'touch mark' -c 1 <a.txt", "wait -n", "unset 'a[$(touch mark)]'"],
    *[
        "coproc touch mark",
        "time touch mark",
        "time -p tool",
        "! touch mark",
        "select x in a; do touch mark; break; done",
    ],
    *[
        "if touch mark; then ls; fi",
        "for x in a; do tool; done",
        "while tool; do break; done",
        "until touch mark; do :; done",
    ],
    *["case a in a) touch mark;; esac", "{ touch mark; }", "( touch mark )", "for ((;;)); do touch mark; break; done"],
    *[
        "nc 127.0.0.1 PORT",
        "exec 3<>/dev/tcp/127.0.0.1/PORT",
        "true </dev/tcp/127.0.0.1/PORT",
        "echo a >/dev/tcp/127.0.0.1/PORT",
    ],
    *[
        "timeout 1 touch mark",
        "nice tool",
        "stdbuf -o0 tool",
        "setsid tool",
        "busybox touch mark",
        "sudo tool",
        "watch tool",
    ],
)
"""What does something; each word that is no path is a program that leaves a mark when it runs."""

TAILS = (
    *[">mark", "> mark", ">>mark", ">|mark", "&>mark", "&>>mark", ">&mark", "2>mark", "<>mark", "3>mark", "{fd}>mark"],
    *["1<>mark", "<(touch mark)", ">(touch mark)", "< <(touch mark)", "> >(tool)", "<<EOF\n$(touch mark)\nEOF"],
    *[
        "<<'EOF'\na\nEOF",
        "<<-EOF\n\t`touch mark`\n\tEOF",
        '<<<"$(touch mark)"',
        "<<<a",
        "$(touch mark)",
        "`touch mark`",
    ],
    *[
        '"$(touch mark)"',
        '"`touch mark`"',
        "${x:=$(touch mark)}",
        "${x:-`tool`}",
        '"${x:+a}$(tool)"',
        "$((a[$(tool)]))",
    ],
    *[
        "${x@P}",
        "${!x}",
        "*",
        "~",
        "{a,b}",
        "*.t?t",
        "[ab]*",
        "$x",
        "$'\\n'touch mark",
        '$"a"',
        "\\",
        "#",
        "# a",
        "&",
        "|",
    ],
    *["2>&1", ">/dev/null", "</dev/null", ">&-", "=(touch mark)", "&& ", ";;", "\r", "\\\n>mark", "\\\ntouch mark"],
)
BLANKS = (
    *[" "] * 80,
    "  ",
    "\t",
    "\\\n",
    "\r",
    "\v",
    "\f",
    "\u00a0",
    "\u2003",
    "\ufeff",
    "\\\r\n",
    " \\\n ",
    "\x00",
    "\u2028",
)
JOINTS = (
    *["; ", " && ", " || ", " | ", "\n"] * 4,
    " & ",
    "|&",
    "\r\n",
    "\r",
    ";\n",
    " &\n",
    ";;",
    "\u2028",
    " \\\n&& ",
    "\x00",
)
PAIRS = (
    ("", ""),
    ("( ", " )"),
    ("{ ", "; }"),
    ("! ", ""),
    ("time ", ""),
    ("if ", "; then ls; fi"),
    ("$(", ")"),
    ("`", "`"),
)


def command_lines(seed: int, count: int) -> Iterator[str]:
    """Yield as many lines; the same ones for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        line = _simple(chance)
        while chance.random() < 0.3:
            line += chance.choice(JOINTS) + _simple(chance)
        if chance.random() < 0.04:
            before, after = chance.choice(PAIRS)
            line = before + line + after
        if chance.random() < 0.04:
            line = _in_shell(line, chance)
        if chance.random() < 0.06:
            line = _torn(line, chance)
        yield line


def _simple(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return chance.choice(DOERS)
    program = chance.choice(list(READERS))
    words = [program, *chance.sample(READERS[program], k=min(len(READERS[program]), chance.randrange(5)))]
    if program == "sed" and chance.random() < 0.7:
        words = ["sed", "-n", "1p", *words[-1:][: chance.randrange(3)]]
    line = _quoted(words[0], chance) if chance.random() < 0.05 else words[0]
    for word in words[1:]:
        line += chance.choice(BLANKS) + _quoted(word, chance)
    if chance.random() < 0.12:
        line += chance.choice(("", " ", " ")) + chance.choice(TAILS)
    return line


def _quoted(word: str, chance: random.Random) -> str:
    escaped = "".join(f"\\{char}" for char in word)
    ways: tuple[Callable[[], str], ...] = (
        lambda: word,
        lambda: f"'{word}'",
        lambda: f"'{word}'",
        lambda: f'"{word}"',
        lambda: f"$'{word}'",
        lambda: f'$"{word}"',
        lambda: f"{word[:1]}''{word[1:]}",
        lambda: f"{word[:1]}\\\n{word[1:]}",
        lambda: escaped,
        lambda: f"'{word[:2]}'\"{word[2:]}\"",
    )
    is_plain = word.replace("-", "").replace(".", "").replace(",", "").isalnum()
    return word if is_plain and chance.random() < 0.7 else chance.choice(ways)()


def _in_shell(line: str, chance: random.Random) -> str:
    quoted = "'" + line.replace("'", "'\\''") + "'" if chance.random() < 0.7 else f'"{line}"'
    return f"{chance.choice(('bash', 'sh', '/bin/bash'))} {chance.choice(('-c', '-lc', '-xc'))} {quoted}"


def _torn(line: str, chance: random.Random) -> str:
    at = chance.randrange(len(line) + 1)
    match chance.randrange(3):
        case 0:
            return line[:at]
        case 1:
            return line[:at] + chance.choice("'\"\\$`(){}<>&|;#\n\r=~!*?[]\x00\u00a0") + line[at:]
        case _:
            return line[:at] + line[at + 1 :]
