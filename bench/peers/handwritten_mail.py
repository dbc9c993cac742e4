"""The script that a competent person writes to invite a list of people: one connection, one EmailMessage a learner.

It keeps no state: killed half-way it cannot tell whom it has written to.

``python -m bench.peers.handwritten_mail PORT WORDS.json ADDRESSES.csv``; prints when it began and ended, and its CPU.
"""

import csv
import json
import smtplib
import sys
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path


def main(port: str, words_file: str, addresses_file: str) -> None:
    started_at, cpu = time.monotonic(), time.process_time()
    words = json.loads(Path(words_file).read_text())
    with smtplib.SMTP("127.0.0.1", int(port)) as server, Path(addresses_file).open(newline="") as file:
        for address, name, url in csv.reader(file):
            server.send_message(invitation(words, address, name, url))
    ended_at, cpu = time.monotonic(), time.process_time() - cpu
    print(json.dumps({"started_at": started_at, "ended_at": ended_at, "cpu_seconds": cpu}))


def invitation(words: dict[str, str], address: str, name: str, url: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = words["subject"]
    message["From"] = words["from"]
    message["To"] = f"{name} <{address}>"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.org")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words["text"].replace("{name}", name).replace("{url}", url))
    message.add_alternative(words["html"].replace("{name}", name).replace("{url}", url), subtype="html")
    message.add_attachment(words["ics"], subtype="calendar", filename="course.ics")
    return message


if __name__ == "__main__":
    main(*sys.argv[1:])
