"""Do marked messages hold the same parts for Python's email?

usage: same_parts.py [--spoil] FOLDER MARK

FOLDER holds NNN.before and NNN.after. With --spoil each pair is harmed first, so that the
comparison must fail. Never judges how a marking looks, only that nothing else changed.
"""

import email
import email.policy
import pathlib
import sys


def text_of(part):
    """The body as decoded bytes, by the transfer encoding alone."""
    try:
        return part.get_payload(decode=True) or b""
    except Exception as error:  # a reader's own trouble is the same before and after
        return repr(error).encode()


def outline(raw):
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    return [
        (part.get_content_type(), part.get_filename(), part.is_multipart(), part)
        for part in message.walk()
    ]


def shown(part):
    """The text, by the declared charset; HTML references stand for what they show."""
    charset = str(part.get_content_charset() or "latin-1")
    try:
        return text_of(part).decode(charset, "replace")
    except (LookupError, UnicodeError):
        return text_of(part).decode("latin-1")


def surrounds(old, new):
    """Whether new is old with one piece put in."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return head + tail >= len(old)


def normal(text):
    return text.replace("\r\n", "\n")


def harm(before, after, mark):
    """What was harmed, or None; and how many parts were marked."""
    old, new = outline(before), outline(after)
    if [row[:3] for row in old] != [row[:3] for row in new]:
        return "the parts differ", 0
    marked = 0
    for (kind, _, multipart, one), (_, _, _, other) in zip(old, new):
        if multipart or text_of(one) == text_of(other):
            continue
        if kind not in ("text/plain", "text/html"):
            return f"a part of type {kind} changed", 0
        if mark not in shown(other):
            return "a text changed and is not marked", 0
        if not surrounds(normal(shown(one)), normal(shown(other))):
            return "text was lost", 0
        marked += 1
    return (None, marked) if marked else ("nothing is marked", 0)


def main():
    arguments = sys.argv[1:]
    spoil = arguments[0] == "--spoil"
    folder, mark = arguments[-2:]
    pairs = marked = wrong = 0
    for path in sorted(pathlib.Path(folder).glob("*.before")):
        before, after = path.read_bytes(), path.with_suffix(".after").read_bytes()
        if spoil:
            after = after.replace(b"--", b"-=", 2)
        problem, count = harm(before, after, mark)
        pairs += 1
        marked += count
        if problem:
            wrong += 1
            if wrong < 20:
                print(f"{path.name}: {problem}")
    print(f"{pairs} pairs, {marked} marked bodies, {wrong} wrong")
    sys.exit(1 if wrong or not pairs else 0)


main()
