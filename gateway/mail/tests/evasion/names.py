"""Prints the numbers of the messages in a folder in which Python's email names a file `….com`, as
Windows would save it.

usage: names.py FOLDER
"""
import email
import email.policy
import pathlib
import sys


def sees(raw, policy):
    try:
        message = email.message_from_bytes(raw, policy=policy)
        names = [str(part.get_filename() or "") for part in message.walk()]
    except Exception:
        return False
    return any(name.lower().rstrip(" .\t\v").endswith(".com") for name in names)


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    raw = path.read_bytes()
    if any(sees(raw, p) for p in (email.policy.compat32, email.policy.default)):
        print(path.stem)
