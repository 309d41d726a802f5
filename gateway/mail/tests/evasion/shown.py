"""Prints the names of the messages in a folder in which Python's email shows a payload as a text of
the letter: in a part of type text that is no attachment, nor in a message that is attached.

usage: shown.py FOLDER PAYLOAD-FILE
"""
import email
import email.policy
import pathlib
import sys


def texts(part, root=True):
    """The leaves of the letter; an attached message is no part of it, a root or a digest is."""
    kind = part.get_content_maintype()
    if not part.is_multipart():
        attached = part.get_content_disposition() == "attachment" or part.get_filename()
        return [part] if kind == "text" and (root or not attached) else []
    is_letter = root or kind != "message" or part.get_default_type() == "message/rfc822"
    inside = part.get_payload() if is_letter else []
    return [leaf for child in inside for leaf in texts(child, root and kind == "message")]


def shows(part, payload):
    stored, charset = part.get_payload(decode=True), part.get_content_charset() or "ascii"
    try:
        return payload in stored or payload in stored.decode(charset).encode()
    except Exception:
        return payload in stored


def sees(raw, payload, policy):
    try:
        message = email.message_from_bytes(raw, policy=policy)
        return any(shows(part, payload) for part in texts(message))
    except Exception:
        return False


folder, payload = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes()
for path in sorted(folder.glob("*.eml")):
    raw = path.read_bytes()
    if any(sees(raw, payload, p) for p in (email.policy.compat32, email.policy.default)):
        print(path.stem)
