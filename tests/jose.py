"""For tests of access tokens: keys as a JWK set, and signed JWTs, by openssl's command: Python has none.

    key = Key(folder, "RS256", "k1")        # or PS256, ES256, EdDSA
    write(keys, key_set(key))
    key.token({"iss": ..., "exp": ...})"""
import base64, json, os, subprocess

MAKE = {"RS256": ("RSA", "rsa_keygen_bits:2048"), "PS256": ("RSA", "rsa_keygen_bits:2048"), "ES256": ("EC", "ec_paramgen_curve:P-256"), "EdDSA": ("ED25519", "")}
PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32")


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*words, input=None):
    return subprocess.run(["openssl", *words], check=True, input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def integers(der):
    """Of a DER sequence of two integers."""
    found, at = [], 2 if der[1] < 0x80 else 3
    for _ in range(2):
        length = der[at + 1]
        found.append(int.from_bytes(der[at + 2:at + 2 + length], "big"))
        at += 2 + length
    return found


class Key:
    def __init__(self, folder, algorithm, name=None, bits=2048):
        kind, option = MAKE[algorithm]
        self.algorithm, self.name, self.path = algorithm, name, os.path.join(folder, f"jose-{algorithm}-{name}-{os.urandom(4).hex()}.pem")
        openssl("genpkey", "-algorithm", kind, *(("-pkeyopt", option.replace("2048", str(bits))) if option else ()), "-out", self.path)
        self.public = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")

    def jwk(self, **more):
        """Public; more: members that take the place of others, None: not there."""
        if self.algorithm in ("RS256", "PS256"):
            modulus = bytes.fromhex(openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1])
            fields = {"kty": "RSA", "n": b64url(modulus), "e": "AQAB"}
        elif self.algorithm == "ES256":
            fields = {"kty": "EC", "crv": "P-256", "x": b64url(self.public[-64:-32]), "y": b64url(self.public[-32:])}
        else:
            fields = {"kty": "OKP", "crv": "Ed25519", "x": b64url(self.public[-32:])}
        fields.update({"alg": self.algorithm, "use": "sig", "kid": self.name}, **more)
        return {key: value for key, value in fields.items() if value is not None}

    def sign(self, data, algorithm=None):
        algorithm = algorithm or self.algorithm
        if algorithm == "EdDSA":
            with open(self.path + ".data", "wb") as file:
                file.write(data)
            return openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", self.path + ".data")
        signature = openssl("dgst", "-sha256", "-sign", self.path, *(PSS if algorithm == "PS256" else ()), input=data)
        if algorithm == "ES256":
            signature = b"".join(n.to_bytes(32, "big") for n in integers(signature))
        return signature

    def token(self, claims, algorithm=None, **header):
        """header: members that take the place of alg, typ and kid; None: not there."""
        fields = {"alg": algorithm or self.algorithm, "typ": "at+jwt", "kid": self.name, **header}
        signed = ".".join(b64url(json.dumps(part).encode()) for part in ({k: v for k, v in fields.items() if v is not None}, claims))
        return signed + "." + b64url(self.sign(signed.encode(), algorithm))


def key_set(*keys):
    return json.dumps({"keys": [key if isinstance(key, dict) else key.jwk() for key in keys]})
