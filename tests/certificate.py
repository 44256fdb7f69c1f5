"""For tests: a certificate for an address, from an authority of its own, both made here: ca.pem, NAME.pem and NAME.key in a folder."""
import os, subprocess


def make(folder, address, name="server", key="ec -pkeyopt ec_paramgen_curve:P-256"):
    def openssl(words):
        subprocess.run(["openssl", *words.split()], check=True, capture_output=True, cwd=folder)
    key = f"-newkey {key} -nodes"
    with open(f"{folder}/{name}.ext", "w") as file:
        file.write(f"subjectAltName=IP:{address}\n")
    openssl(f"req -x509 {key} -subj /CN=ca -days 2 -keyout ca.key -out ca.pem")
    openssl(f"req {key} -subj /CN={name} -keyout {name}.key -out {name}.csr")
    openssl(f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile {name}.ext -out {name}.pem")
    os.chmod(f"{folder}/{name}.key", 0o600)
