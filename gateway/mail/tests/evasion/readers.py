"""Prints the names of the messages in a folder in which Python's email sees a payload.

usage: readers.py FOLDER PAYLOAD-FILE
"""
import email
import email.policy
import pathlib
import sys


def sees(raw, payload, policy):
    try:
        message = email.message_from_bytes(raw, policy=policy)
        for part in message.walk():
            if part.is_multipart():
                continue
            content = part.get_payload(decode=True)
            if content and payload in content:
                return True
    except Exception:
        pass
    return False


folder, payload = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes()
for path in sorted(folder.glob("*.eml")):
    raw = path.read_bytes()
    if any(sees(raw, payload, p) for p in (email.policy.compat32, email.policy.default)):
        print(path.stem)
