"""Hosts in network namespaces, for flow tests: each with addresses, /etc/resolv.conf and /etc/hosts of its own; DNS by nsd behind
unbound. Needs root; from here on a test touches nothing of the machine's network. Everything is removed at the end, also on failure.

One host, and the test itself runs in there:

    import net
    net.inside("postroom25", "192.0.2.13", "fd00:25::13")       # the test is executed anew in there; prints SKIP if we are not root
    with net.Dns({"test": "@ MX 10 mail\\nmail A 192.0.2.13\\n"}) as dns:   # answers on 127.0.0.1, ::1 and what addresses= says
        dns.change("test", "@ MX 0 .\\n")                        # other records; what unbound remembered is forgotten
        dns.stop(), dns.start()

Several hosts on one wire:

    with net.Net("postroom61", nameserver="fd00:61::53") as wire:
        ns = wire.host("ns", "fd00:61::53/64", "192.0.2.53/24")
        far = wire.host("far", "fd00:61::7/64", hosts="fd00:61::8 near.example")
        net.Dns(zones, host=ns)                                 # for all: it answers on the addresses of ns
        far.run("ip", "address")                                # a command in there: its output; the code is in far.code
        with far: socket.create_connection(("fd00:61::53", 53)) # what this thread connects or binds is in there
        with Postroom(61, host=far, address="::", offset=0) as mail: ...

A host with a resolver of its own (DNSSEC is believed from loopback only): host(..., nameserver="127.0.0.1") and Dns(zones, host=far)."""
import contextlib, ctypes, os, shutil, signal, socket, subprocess, sys, tempfile, time


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


def setns(fd):
    """This thread's sockets are made in there from now on; the descriptor is closed."""
    failed = ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000)  # CLONE_NEWNET
    os.close(fd)
    if failed:
        raise OSError(ctypes.get_errno(), "setns")


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def need_root():
    if os.getuid():
        print("1..0 # SKIP only root can make a network namespace")
        sys.exit(0)


def claim(name):
    """One test at a time makes what has this name; the next one waits. Held until this process ends."""
    claimed = socket.socket(socket.AF_UNIX)

    def is_ours():
        try:
            claimed.bind(f"\0{name}")  # abstract: it leaves no file
            return True
        except OSError:
            return False
    if not wait_until(is_ours, 1200):
        sys.exit(f"{name}: another test uses these names")
    return claimed


class At:
    """with At("postroom13far"): what this thread connects or binds is in that namespace."""

    def __init__(self, name):
        self.name, self.before = name, []

    def __enter__(self):
        self.before.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        setns(os.open("/run/netns/" + self.name, os.O_RDONLY))
        return self

    def __exit__(self, *_):
        setns(self.before.pop())


class Namespace(At):
    """A network namespace and its /etc/netns folder; what was left by one of that name is removed first."""

    def __init__(self, name, nameserver="127.0.0.1", hosts=""):
        super().__init__(name)
        self.etc, self.command = "/etc/netns/" + name, ["ip", "netns", "exec", name]
        self.remove()
        os.makedirs(self.etc)
        servers = [nameserver] if isinstance(nameserver, str) else nameserver
        self.write("resolv.conf", "".join(f"nameserver {one}\n" for one in servers) + "options timeout:5 attempts:4\n")  # patient: a busy machine answers late
        self.write("hosts", f"127.0.0.1 localhost\n::1 localhost\n{hosts}\n")
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")

    def write(self, name, content):
        """A file of /etc there. Who runs already sees it too: the file stays the same one."""
        with open(f"{self.etc}/{name}", "w") as file:
            file.write(content)

    def address(self, address, device="lo"):
        if "/" not in address:
            address += "/128" if ":" in address else "/32"
        ip("-n", self.name, "address", "add", address, "dev", device, *["nodad"] * (":" in address))

    def pids(self):
        """Whoever runs there still."""
        said = subprocess.run(["ip", "netns", "pids", self.name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        return [int(pid) for pid in said.split() if int(pid) > 1 and int(pid) != os.getpid()]

    def end_all(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            if wait_until(lambda: not self.pids(), 10):
                return

    def remove(self):
        if os.path.exists("/run/netns/" + self.name):
            self.end_all()
            ip("netns", "del", self.name)
        shutil.rmtree(self.etc, ignore_errors=True)

    def run(self, *words, input=None):
        """A command in there: its output and errors together; its exit code is in .code."""
        done = subprocess.run([*self.command, *words], input=input, stdin=None if input is not None else subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        self.code = done.returncode
        return done.stdout


def inside(name, *addresses, nameserver="127.0.0.1", hosts="", make=None):
    """Executes this test anew in a namespace of its own and ends with its code; returns only in there. make: a function that is
    called with the Namespace before (and may return what has a remove())."""
    if os.environ.get("INSIDE") == name:
        return
    need_root()
    claimed = claim(name)
    more = child = None
    namespace = Namespace(name, nameserver, hosts)
    try:
        for address in addresses:
            namespace.address(address)
        more = make and make(namespace)
        child = subprocess.Popen([*namespace.command, sys.executable, *sys.argv], env=dict(os.environ, INSIDE=name))
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        code = child.wait()
    finally:
        if child and child.poll() is None:
            child.terminate()
            child.wait()
        if more:
            more.remove()
        namespace.remove()
        claimed.close()
    sys.exit(code)


class Net:
    """Hosts on one wire, a bridge in a namespace of its own."""

    def __init__(self, name, nameserver="127.0.0.1"):
        need_root()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
        self.claimed = claim(name)
        self.name, self.nameserver, self.hosts = name, nameserver, []
        self.wire = Namespace(name)
        ip("-n", name, "link", "add", "wire", "type", "bridge")
        ip("-n", name, "link", "set", "wire", "up")

    def host(self, name, *addresses, nameserver=None, hosts=""):
        host = Namespace(f"{self.name}-{name}", nameserver or self.nameserver, hosts)
        self.hosts.append(host)
        port = f"port{len(self.hosts)}"
        ip("link", "add", port, "netns", self.wire.name, "type", "veth", "peer", "name", "wire", "netns", host.name)
        ip("-n", self.wire.name, "link", "set", port, "master", "wire", "up")
        ip("-n", host.name, "link", "set", "wire", "up")
        for address in addresses:
            host.address(address, "wire")
        host.addresses = [address.split("/")[0] for address in addresses]
        return host

    def remove(self):
        for namespace in [*self.hosts, self.wire]:
            namespace.remove()
        self.claimed.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


NSD = """server:
{listen}  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/nsd.zones"
  xfrdfile: "{folder}/nsd.xfrd"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
UNBOUND = """server:
{listen}  port: 53
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  use-syslog: no
  logfile: "{folder}/unbound.log"
  do-not-query-localhost: no
  module-config: "{modules}"
  infra-host-ttl: 1
{more}remote-control:
  control-enable: no
"""


class Dns:
    """nsd with these zones (name -> records; a SOA and NS are put in front unless there is a SOA), behind unbound. anchors: DS or DNSKEY
    lines, by which unbound validates (the zones are signed by whoever gives them); none: it does not. resolver=False: nsd alone, on port 53."""

    def __init__(self, zones, host=None, addresses=(), anchors=(), resolver=True, ttl=1):
        self.host, self.zones, self.resolver, self.ttl, self.processes = host, dict(zones), resolver, ttl, []
        self.folder = tempfile.mkdtemp(prefix="dns.")
        self.listen = ["127.0.0.1", "::1", *(host.addresses if host else ()), *addresses]
        nsd = ["127.0.0.1@5300"] if resolver else [f"{a}@53" for a in self.listen]
        conf = NSD.format(folder=self.folder, listen="".join(f"  ip-address: {a}\n" for a in nsd))
        more = "".join(f'  trust-anchor: "{line}"\n' for line in anchors)
        stubs = ""
        for zone in self.zones:
            dotted = zone.rstrip(".") + "."
            conf += f'zone:\n  name: "{dotted}"\n  zonefile: "{self.file(zone)}"\n'
            more += f'  local-zone: "{dotted}" transparent\n'
            stubs += f'stub-zone:\n  name: "{dotted}"\n  stub-addr: 127.0.0.1@5300\n'
            self.write_zone(zone)
        self.write("nsd.conf", conf)
        self.write("unbound.conf", UNBOUND.format(folder=self.folder, listen="".join(f"  interface: {a}\n" for a in self.listen), more=more,
                                                  modules="validator iterator" if anchors else "iterator") + stubs)
        if not self.start():
            self.remove()
            raise RuntimeError("nsd or unbound does not answer")

    def file(self, zone):
        return f"zone.{zone.rstrip('.') or 'root'}"

    def write(self, name, content):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(content)

    def write_zone(self, zone):
        records, dotted = self.zones[zone], zone.rstrip(".") + "."
        if " SOA " not in records and "\tSOA\t" not in records:
            records = f"$ORIGIN {dotted}\n$TTL {self.ttl}\n@ SOA ns.{dotted} root.{dotted} 1 60 60 60 {self.ttl}\n@ NS ns.{dotted}\nns A 127.0.0.1\n".replace("..", ".") + records
        self.write(self.file(zone), records)

    def start(self):
        """True once both answer. unbound last: it remembers for long that a server did not answer."""
        programs = [("nsd", 5300), ("unbound", 53)] if self.resolver else [("nsd", 53)]
        return all(self.start_one(*one) for one in programs)

    def start_one(self, program, port):
        command = [*(self.host.command if self.host else []), f"/usr/sbin/{program}", "-d", "-c", f"{self.folder}/{program}.conf"]
        with open(f"{self.folder}/{program}.said", "a") as out:
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out))
        return wait_until(lambda: self.answers(next(iter(self.zones)), port))

    def answers(self, zone, port):
        labels = b"".join(bytes([len(label)]) + label.encode() for label in zone.rstrip(".").split(".") if label)
        with self.host or contextlib.nullcontext(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
            ask.settimeout(0.5)
            try:
                ask.connect(("127.0.0.1", port))
                ask.send(b"\0\1\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\6\0\1")  # its SOA
                return ask.recv(512)[3] & 15 == 0  # NOERROR
            except OSError:
                return False

    def change(self, zone, records):
        """Other records in a zone that was there at the start."""
        self.zones[zone] = records
        self.write_zone(zone)
        self.stop()
        return self.start()

    def stop(self):
        while self.processes:
            process = self.processes.pop()
            process.send_signal(signal.SIGTERM)
            process.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
