"""Prints the names of the messages in a folder in which Python's email sees a payload: in the bytes
of a part, or in its text.

usage: readers.py FOLDER PAYLOAD-FILE
"""
import email
import email.policy
import pathlib
import sys


def stored(part):
    return part.get_payload(decode=True)


def shown(part):
    charset = part.get_content_charset() if part.get_content_maintype() == "text" else None
    return stored(part).decode(charset, "replace").encode() if charset else b""


def content(part):
    content = part.get_content()
    return content.encode("utf-8", "replace") if isinstance(content, str) else content


def shows(part, payload, reading):
    try:
        return payload in reading(part)
    except Exception:
        return False


def sees(raw, payload, policy):
    try:
        message = email.message_from_bytes(raw, policy=policy)
        parts = list(message.walk())
    except Exception:
        return False
    leaves = [part for part in parts if not part.is_multipart()]
    return any(shows(part, payload, by) for part in leaves for by in (stored, shown, content))


folder, payload = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes()
for path in sorted(folder.glob("*.eml")):
    raw = path.read_bytes()
    if any(sees(raw, payload, p) for p in (email.policy.compat32, email.policy.default)):
        print(path.stem)
