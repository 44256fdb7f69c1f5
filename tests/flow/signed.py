"""Zones that are signed (ldns), and the TLSA records of certificates, for flow tests of DANE.

    zone = Signed("dane.test", 'mx A 127.0.0.2\\n_25._tcp.mx TLSA ' + tlsa(3, 1, 1, "good.pem") + "\\n")
    net.Dns({zone.name: zone.records, ...}, anchors=[zone.anchor])
    zone.forge("ab", "cd")       # what was signed is altered: DNSSEC does not vouch for it any more
"""
import base64, hashlib, shutil, subprocess, tempfile


class Signed:
    def __init__(self, name, records, ttl=1):
        self.name, folder = name, tempfile.mkdtemp(prefix="signed.")
        try:
            with open(f"{folder}/zone", "w") as file:
                file.write(f"$ORIGIN {name}.\n$TTL {ttl}\n@ SOA ns root 1 60 60 60 {ttl}\n@ NS ns\nns A 127.0.0.1\n" + records)
            run = lambda *words: subprocess.run(words, check=True, cwd=folder, stdout=subprocess.PIPE, text=True).stdout
            key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", f"{name}.").strip()
            run("ldns-signzone", "-n", "-s", "abcd", "-t", "1", "zone", key)
            with open(f"{folder}/zone.signed") as file:
                self.records = file.read()
            with open(f"{folder}/{key}.ds") as file:
                self.anchor = " ".join(file.read().split())
        finally:
            shutil.rmtree(folder)

    def forge(self, old, new):
        assert old in self.records, old
        self.records = self.records.replace(old, new)


def der(path):
    with open(path) as file:
        pem = file.read()
    return base64.b64decode(pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0])


def tlsa(usage, selector, matching, path):
    """The data of a record that fits the first certificate of a PEM file."""
    data = der(path)
    if selector:
        key = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], check=True, stdout=subprocess.PIPE).stdout
        data = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True, stdout=subprocess.PIPE).stdout
    data = [lambda: data, lambda: hashlib.sha256(data).digest(), lambda: hashlib.sha512(data).digest()][matching]()
    return f"{usage} {selector} {matching} {data.hex()}"
