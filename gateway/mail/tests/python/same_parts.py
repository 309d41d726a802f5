"""Do marked messages hold the same parts for Python's email?

usage: same_parts.py MARK [--spoil]

Pairs come on standard input, each as a line `BYTES-BEFORE BYTES-AFTER NAME` and the two messages;
for each goes out a line: `same`, or the name and what was harmed. With --spoil each pair is harmed
first, so that the comparison must fail. Never judges how a marking looks, only that nothing else
changed.
"""

import email
import email.header
import email.policy
import sys

# What an edit of a body may have to change in the header.
BODY_FIELDS = ("content-type", "content-transfer-encoding", "mime-version")


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


def decoded(value):
    """A field's value as people read it, or None where Python cannot tell."""
    try:
        plain = str(value).encode("ascii", "surrogateescape").decode("utf-8")
        return str(email.header.make_header(email.header.decode_header(plain)))
    except (LookupError, UnicodeError, ValueError):
        return None


def header_harm(one, other, mark):
    """What was harmed in the header, or None; and how many of its fields are marked."""
    old, new = (
        [(name.lower(), value) for name, value in part._headers if name.lower() not in BODY_FIELDS]
        for part in (one, other)
    )
    ours = [pair for pair in new if pair not in old and mark in (decoded(pair[1]) or "")]
    kept = [pair for pair in new if pair not in ours]
    subjects = [decoded(value) for name, value in old if name == "subject"]
    texts = [decoded(value) for name, value in ours if name == "subject"]
    if texts:
        # One field stands for all of them, and holds what the first said.
        old = [pair for pair in old if pair[0] != "subject"]
        said = "".join(((subjects or [""])[0] or "").split())
        if not any(said in "".join(text.split()) for text in texts):
            return "the subject's words are lost", 0
    return (None if old == kept else "the header's fields changed"), len(ours)


def harm(before, after, mark):
    """What was harmed, or None."""
    old, new = outline(before), outline(after)
    if len(old) < len(new):
        return added_harm(old, new, mark)
    if [row[:3] for row in old] != [row[:3] for row in new]:
        return "the parts differ"
    problem, marked = header_harm(old[0][3], new[0][3], mark)
    if problem:
        return problem
    for (kind, _, multipart, one), (_, _, _, other) in zip(old, new):
        if multipart or text_of(one) == text_of(other):
            continue
        if kind.startswith("multipart/"):
            # It sees no boundary there, and all that is inside as one text.
            return None
        if kind not in ("text/plain", "text/html"):
            return f"a part of type {kind} changed"
        if mark not in shown(other):
            return "a text changed and is not marked"
        if not surrounds(normal(shown(one)), normal(shown(other))):
            return "text was lost"
        marked += 1
    return None if marked else "nothing is marked"


def added_harm(old, new, mark):
    """What was harmed where a part that holds the marking alone was added."""
    held, kept = ([row for row in rows if not row[2]] for rows in (old, new))
    ours = [row for row in kept if mark in shown(row[3])]
    kept = [row for row in kept if row not in ours]
    if len(held) > len(kept):
        # What held no text is filled, and not joined by another part.
        held = [row for row in held if text_of(row[3]).strip()]
    bodies = [[(*row[:2], normal(text_of(row[3]).decode("latin-1"))) for row in rows]
              for rows in (held, kept)]
    if bodies[0] != bodies[1]:
        return "a part was lost beside the one that was added"
    problem, _ = header_harm(old[0][3], new[0][3], mark)
    return problem if ours else "nothing is marked"


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
