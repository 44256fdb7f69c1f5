"""For the tests of MTA-STS: an authority, and policy hosts over HTTPS.

    ca, web = Authority(folder), Web("192.0.2.80")
    web.certificates["mta-sts.a.test"] = ca.certificate("mta-sts.a.test")
    web.sites["mta-sts.a.test"] = page(policy("mx.a.test"))
    web.count("mta-sts.a.test")               # requests so far
"""
import socket, ssl, subprocess, threading

PATIENT = "nameserver 127.0.0.1\noptions timeout:5 attempts:4\n"  # /etc/resolv.conf: what a busy machine answers late is an answer


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


class Authority:
    """Signs certificates; its own is in FOLDER/ca.pem."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name, self.made = folder, name, {}
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN=Test {name}",
                "-addext", "keyUsage=keyCertSign", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")
        self.pem = f"{folder}/{name}.pem"

    def certificate(self, *names, days=30, common="", san=True):
        """The paths of a certificate with its chain, and its key."""
        key = (names, days, common, san)
        if key not in self.made:
            path = f"{self.folder}/{self.name}{len(self.made)}"
            openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={common or names[0]}", "-keyout", path + ".key", "-out", path + ".csr")
            with open(path + ".ext", "w") as file:
                file.write("subjectAltName=" + ",".join("DNS:" + n for n in names) + "\n" if san else "basicConstraints=CA:FALSE\n")
            openssl("x509", "-req", "-in", path + ".csr", "-CA", self.pem, "-CAkey", f"{self.folder}/{self.name}.key", "-days", str(days), "-extfile", path + ".ext", "-out", path + ".pem")
            self.made[key] = path + ".pem", path + ".key"
        return self.made[key]


class Web:
    """Policy hosts on these addresses, port 443, told apart by SNI. sites[host] is a function of the TLS connection that has the request
    in its second argument; certificates[host] the two paths. asked counts the requests."""

    def __init__(self, *addresses):
        self.sites, self.certificates, self.asked, self.hellos, self.contexts = {}, {}, [], [], {}
        for address in addresses:
            listening = socket.create_server((address, 443), family=socket.AF_INET6 if ":" in address else socket.AF_INET, backlog=100)
            threading.Thread(target=self.accept, args=(listening,), daemon=True).start()

    def accept(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def context(self, host):
        paths = self.certificates[host]
        if paths not in self.contexts:
            self.contexts[paths] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.contexts[paths].load_cert_chain(*paths)
        return self.contexts[paths]

    def serve(self, connection):
        chosen = []

        def choose(tls, name, _):
            self.hellos.append(name)
            if name not in self.certificates:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            chosen.append(name)
            tls.context = self.context(name)

        first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        first.sni_callback = choose
        first.load_cert_chain(*next(iter(self.certificates.values())))
        try:
            connection.settimeout(300)
            with first.wrap_socket(connection, server_side=True) as tls:
                request = b""
                while b"\r\n\r\n" not in request:
                    more = tls.recv(4096)
                    if not more:
                        return
                    request += more
                self.asked.append((chosen[0], request))
                self.sites[chosen[0]](tls, request)
        except (OSError, IndexError):
            pass
        finally:
            connection.close()

    def count(self, host):
        return sum(name == host for name, _ in self.asked)


def page(body, code="200 OK", type="text/plain", more=""):
    """A site that answers so."""
    def answer(tls, request):
        content = f"Content-Type: {type}\r\n" if type else ""
        tls.sendall(f"HTTP/1.1 {code}\r\n{content}{more}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return answer


def policy(*mx, mode="enforce", max_age=86400):
    return f"version: STSv1\r\nmode: {mode}\r\n" + "".join(f"mx: {m}\r\n" for m in mx) + f"max_age: {max_age}\r\n"
