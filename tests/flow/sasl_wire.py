"""For flow tests: lines over TLS, where a library would say too much or too little."""
import re, ssl

CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Wire:
    """Lines over TLS."""
    def __init__(self, mail, port, context=CONTEXT):
        self.socket = context.wrap_socket(mail.connect(port))
        self.file = self.socket.makefile("rb")

    def say(self, line=b""):
        self.socket.sendall(line + b"\r\n")

    def hear(self):
        return self.file.readline().decode().rstrip("\r\n")

    def heard(self, end):
        lines = [self.hear()]
        while not re.match(end, lines[-1]) and lines[-1]:
            lines.append(self.hear())
        return lines

    def close(self):
        self.file.close()
        self.socket.close()
