"""For the tests of MTA-STS: a network namespace with a DNS of its own (nsd behind unbound), an authority, and policy hosts.

    from stsworld import inside, World
    inside("postroom57", 57)                  # comes back in the namespace alone
    world = World(folder)
    world.zone("a.test", "@ MX 10 mx\\n...")   # published at once
    world.policy("a.test", "version: STSv1...")
"""
import os, shutil, signal, socket, ssl, subprocess, sys, threading, time

from postroom import wait_for

HEAD = "$TTL 1\n@ SOA ns root 1 60 60 60 1\n@ NS ns\nns A 127.0.0.2\n"
ADDRESSES = [f"192.0.2.{last}" for last in range(60, 90)]


def inside(name):
    """Runs the test again in a namespace of this name; comes back there."""
    if os.environ.get("INSIDE") == name:
        return
    if os.getuid():
        print("1..0 # SKIP only root can make a network namespace")
        sys.exit(0)
    folder = "/etc/netns/" + name
    subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
    os.makedirs(folder, exist_ok=True)
    with open(folder + "/resolv.conf", "w") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    try:
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        for address in ADDRESSES:
            subprocess.run(["ip", "-n", name, "addr", "add", address + "/32", "dev", "lo"], check=True)
        code = subprocess.run(["ip", "netns", "exec", name, sys.executable, *sys.argv], env=dict(os.environ, INSIDE=name)).returncode
    finally:
        subprocess.run(["ip", "netns", "del", name])
        shutil.rmtree(folder)
    sys.exit(code)


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


class Dns:
    """nsd on 127.0.0.2 holds the zones; unbound on 127.0.0.1 asks it."""

    def __init__(self, folder):
        self.folder, self.zones, self.nsd, self.unbound = folder, {}, None, None

    def publish(self):
        """Anew, with the zones as they are. A zone without records is SERVFAIL."""
        self.stop()
        conf = (f'server:\n  ip-address: 127.0.0.2\n  username: ""\n  chroot: ""\n  zonesdir: "{self.folder}"\n  database: ""\n  pidfile: "{self.folder}/nsd.pid"\n'
                f'  zonelistfile: "{self.folder}/nsd.zones"\n  xfrdfile: "{self.folder}/nsd.xfrd"\nremote-control:\n  control-enable: no\n')
        stubs = ""
        for zone, records in self.zones.items():
            stubs += f'stub-zone:\n  name: "{zone}."\n  stub-addr: 127.0.0.2\n'
            if records is None:
                continue
            conf += f'zone:\n  name: "{zone}."\n  zonefile: "{zone}.zone"\n'
            with open(f"{self.folder}/{zone}.zone", "w") as file:
                file.write(f"$ORIGIN {zone}.\n" + HEAD + records)
        with open(f"{self.folder}/nsd.conf", "w") as file:
            file.write(conf)
        with open(f"{self.folder}/unbound.conf", "w") as file:
            file.write(f'server:\n  interface: 127.0.0.1\n  username: ""\n  chroot: ""\n  directory: "{self.folder}"\n  pidfile: "{self.folder}/unbound.pid"\n  use-syslog: no\n'
                       f'  logfile: "{self.folder}/unbound.log"\n  do-not-query-localhost: no\n  module-config: "iterator"\n  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n'
                       '  local-zone: "test." nodefault\n  num-threads: 1\nremote-control:\n  control-enable: no\n' + stubs)
        self.nsd = subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", f"{self.folder}/nsd.conf"], stdout=subprocess.DEVNULL, stderr=open(f"{self.folder}/nsd.log", "a"))
        self.unbound = subprocess.Popen(["/usr/sbin/unbound", "-d", "-c", f"{self.folder}/unbound.conf"], stdout=subprocess.DEVNULL, stderr=open(f"{self.folder}/unbound.err", "a"))
        if not all(wait_for(lambda: self.answers(zone), 60) for zone, records in self.zones.items() if records is not None):
            sys.exit("the DNS of the test does not answer: " + open(f"{self.folder}/unbound.log").read()[-500:])

    def answers(self, zone):
        """Is there an SOA of the zone?"""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
            ask.settimeout(1)
            try:
                ask.connect(("127.0.0.1", 53))
                ask.send(b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"".join(bytes([len(l)]) + l.encode() for l in zone.split(".")) + b"\0\0\6\0\1")
                answer = ask.recv(512)
                return answer[3] & 15 == 0 and answer[7] > 0
            except OSError:
                return False

    def stop(self):
        for process in (self.unbound, self.nsd):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.unbound = self.nsd = None


class Web:
    """Policy hosts on one address, port 443, told apart by SNI. sites[host] is a function of the TLS connection that has the request
    in its second argument; certificates[host] the two paths. asked counts the requests."""

    def __init__(self, address):
        self.sites, self.certificates, self.asked, self.hellos, self.contexts = {}, {}, [], [], {}
        self.listening = socket.create_server((address, 443), backlog=100)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
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
