"""Sends two mails by smtplib, and one to nobody: `python3 send.py PORT`. Prints who was refused."""

import smtplib
import sys
from email.message import EmailMessage

with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), local_hostname="client.test", timeout=10) as server:
    for text in ["first line\n.second line begins with a dot\n", "größer\n"]:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "ada@client.test", "bob@mail.test, nobody@mail.test", "hello"
        mail.set_content(text, cte="8bit")
        refused = server.send_message(mail)
        print(", ".join(f"{who}: {code}" for who, (code, _) in refused.items()))
    try:
        server.sendmail("ada@client.test", "nobody@mail.test", "lost")
    except smtplib.SMTPRecipientsRefused as error:
        print("all refused:", *error.recipients)
