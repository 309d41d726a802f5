"""Do marked messages hold the same parts for Python's email?

usage: same_parts.py MARK [--spoil]

Pairs come on standard input, each as a line `BYTES-BEFORE BYTES-AFTER NAME` and the two messages;
for each goes out a line: `same`, or the name and what was harmed. With --spoil each pair is harmed
first, so that the comparison must fail. Never judges how a marking looks, only that nothing else
changed.
"""

import email
import email.policy
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


def same_length(old, new):
    """How many characters two texts begin with alike, found by halving."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def surrounds(old, new):
    """Whether new is old with one piece put in."""
    head = same_length(old, new)
    return new.endswith(old[head:]) or head + same_length(old[::-1], new[::-1]) >= len(old)


def normal(text):
    return text.replace("\r\n", "\n")


def harm(before, after, mark):
    """What was harmed, or None."""
    old, new = outline(before), outline(after)
    if [row[:3] for row in old] != [row[:3] for row in new]:
        return "the parts differ"
    marked = 0
    for (kind, _, multipart, one), (_, _, _, other) in zip(old, new):
        if multipart or text_of(one) == text_of(other):
            continue
        if kind not in ("text/plain", "text/html"):
            return f"a part of type {kind} changed"
        if mark not in shown(other):
            return "a text changed and is not marked"
        if not surrounds(normal(shown(one)), normal(shown(other))):
            return "text was lost"
        marked += 1
    return None if marked else "nothing is marked"


def main():
    mark, spoil = sys.argv[1], "--spoil" in sys.argv[2:]
    pairs = sys.stdin.buffer
    while line := pairs.readline():
        before_bytes, after_bytes, name = line.decode().split(maxsplit=2)
        before, after = pairs.read(int(before_bytes)), pairs.read(int(after_bytes))
        if spoil:
            after = after.replace(b"--", b"-=", 2)
        problem = harm(before, after, mark)
        print(f"{name.strip()}: {problem}" if problem else "same", flush=True)


main()
