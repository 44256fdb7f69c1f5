#!/usr/bin/python3
# token: people log in by access tokens, OAUTHBEARER (RFC 7628) and XOAUTH2, over IMAP and submission: an authorization server that is asked over HTTPS (RFC 7662), and
# JWTs of keys that we have (RFC 7519, RFC 9068). curl as client, and the letter of the RFC; who is refused, and what he is told. (N-112, 2.5; checks 15, 53)
import base64, hashlib, hmac, http.server, imaplib, json, os, pwd, re, smtplib, ssl, subprocess, sys, threading, time, urllib.parse

sys.path[:0] = ["tests/flow", "tests"]
sys.dont_write_bytecode = True
from jose import Key, b64url, key_set
from postroom import Postroom, Tap, wait_for
from stsworld import Authority

CONTEXT = ssl._create_unverified_context()
USER, ISSUER, PORT, OPAQUE = "bob@example.test", "https://login.example", 62443, "2YotnFZFEjr1zCsicMWpAA"
GOOD = {"active": True, "email": USER, "aud": "mail", "scope": "openid mail"}


class Server(http.server.ThreadingHTTPServer):
    """An authorization server: tokens is what it says of each; seen what it was asked, as (Authorization, form)."""
    daemon_threads = True

    def __init__(self, ca):
        super().__init__(("127.0.0.1", PORT), Asked)
        self.tokens, self.seen, self.code = {}, [], 200
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*ca.certificate("localhost"))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


class Asked(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.seen.append((self.headers["Authorization"], form))
        body = self.server.tokens.get(form["token"][0], {"active": False})
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(self.server.code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def curl(mail, url, token, user=USER, *options):
    """Its exit code."""
    mail.run("curl", "-sk", "--max-time", "120", "--oauth2-bearer", token, "--user", user + ":", url, *options)
    return mail.code


def imap_url(mail):
    return f"imaps://{mail.address}:{mail.port(993)}/INBOX"


def oauth(token, user=""):
    return f"n,{'a=' + user + ',' if user else ','}\1host=mx.example.test\1port=993\1auth=Bearer {token}\1\1".encode()


def xoauth2(token, user=USER):
    return f"user={user}\1auth=Bearer {token}\1\1".encode()


def imap(mail, mechanism, said, answer=b"\1"):
    """"OK", or the refusal's challenge and the last words."""
    client, challenges = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=CONTEXT), []

    def respond(challenge):
        challenges.append(challenge)
        return said if len(challenges) == 1 else answer

    try:
        client.authenticate(mechanism, respond)
        return client.select()[0], ""
    except imaplib.IMAP4.error as error:
        return (challenges[1].decode() if len(challenges) > 1 else ""), str(error)
    finally:
        client.shutdown()


def smtp(mail, mechanism, said, answer=b"\1"):
    """The challenge of a refusal, and the last answer."""
    with smtplib.SMTP(mail.address, mail.port(587)) as client:
        client.starttls(context=CONTEXT)
        client.ehlo()
        code, words = client.docmd("AUTH", f"{mechanism} {base64.b64encode(said).decode()}")
        challenge = ""
        if code == 334:
            challenge = base64.b64decode(words).decode()
            code, words = client.docmd(base64.b64encode(answer).decode())
        return challenge, f"{code} {words.decode()}"


def offers(mail):
    client = imaplib.IMAP4_SSL(mail.address, mail.port(993), ssl_context=CONTEXT)
    clear = imaplib.IMAP4(mail.address, mail.port(143))
    with smtplib.SMTP(mail.address, mail.port(587)) as sender:
        sender.ehlo()
        before = sender.esmtp_features.get("auth", "")
        sender.starttls(context=CONTEXT)
        sender.ehlo()
        found = [any("OAUTHBEARER" in c and "XOAUTH2" in " ".join(client.capabilities) for c in client.capabilities), "OAUTHBEARER XOAUTH2" in sender.esmtp_features["auth"],
                 any("OAUTH" in c for c in clear.capabilities) or "OAUTH" in before]
    client.shutdown(), clear.shutdown()
    return found


def configure(mail, **more):
    lines = {"introspect": f"https://localhost:{PORT}/introspect", "audience": "mail", "scope": "mail", "configuration": ISSUER + "/.well-known/openid-configuration", **more}
    mail.control("oauth", "".join(f"{key}: {value}\n" for key, value in lines.items() if value))


REFUSED = '{"status":"invalid_token","scope":"mail","openid-configuration":"https://login.example/.well-known/openid-configuration"}'


def by_introspection(mail, t, server):
    server.tokens.update({OPAQUE: GOOD}, other=dict(GOOD, email="alice@example.test"), narrow=dict(GOOD, scope="openid"), foreign=dict(GOOD, aud="chat"),
                         nobody=dict(GOOD, email="nobody@example.test"), expired=dict(GOOD, exp=int(time.time()) - 3600), broken=b"{")
    t.is_(offers(mail), [True, True, False], "N-112: OAUTHBEARER and XOAUTH2 are offered over TLS by IMAP and submission, and not in clear")
    t.is_(curl(mail, imap_url(mail), OPAQUE), 0, "curl by OAUTHBEARER over IMAP")
    t.is_(curl(mail, imap_url(mail), OPAQUE, USER, "--login-options", "AUTH=XOAUTH2"), 0, "... by XOAUTH2")
    pop3 = f"pop3s://{mail.address}:{mail.port(995)}/"
    t.is_([curl(mail, pop3, OPAQUE), curl(mail, pop3, OPAQUE, USER, "--login-options", "AUTH=XOAUTH2")], [0, 0], "... and both over POP3")
    message = f"{mail.folder}/message"
    with open(message, "w") as file:
        file.write("Subject: by token\r\n\r\nHello.\r\n")
    url = f"smtps://{mail.address}:{mail.port(465)}/client.example"
    t.ok(curl(mail, url, OPAQUE, USER, "--mail-from", USER, "--mail-rcpt", "alice@example.test", "-T", message) == 0 and mail.mail_with("alice", "Subject: by token"),
         "curl sends a message by OAUTHBEARER")
    t.is_(curl(mail, url, OPAQUE, USER, "--login-options", "AUTH=XOAUTH2", "--mail-from", USER, "--mail-rcpt", "alice@example.test", "-T", message), 0, "... by XOAUTH2")
    t.is_(sorted({str(s) for s in server.seen}), [str(("Basic " + base64.b64encode(b"mail%20server:s%3Acret").decode(), {"token_type_hint": ["access_token"], "token": [OPAQUE]}))],
          "RFC 7662 2.1: the authorization server was asked about it, by our name and secret (RFC 6749 2.3.1)")
    t.is_(len(server.seen), 1, "... once: what it said is kept for a moment")
    t.ok(curl(mail, imap_url(mail), "wrong") != 0, "curl with another token is refused")
    t.ok(curl(mail, pop3, "wrong") != 0, "... over POP3, too")

    t.is_(imap(mail, "OAUTHBEARER", oauth(OPAQUE, USER)), ("OK", ""), "RFC 7628: the name and the token")
    t.is_(imap(mail, "OAUTHBEARER", oauth(OPAQUE)), ("OK", ""), "... the token alone says whose it is")
    t.is_(imap(mail, "XOAUTH2", xoauth2(OPAQUE, "BOB@example.test")), ("OK", ""), "XOAUTH2, in other letters")
    for name, status, why in (("wrong", "invalid_token", "no such token"), ("foreign", "invalid_token", "one for another service"), ("expired", "invalid_token", "one that has expired"),
                              ("narrow", "insufficient_scope", "one without the scope"), ("nobody", "invalid_token", "one of nobody here")):
        challenge, words = imap(mail, "OAUTHBEARER", oauth(name))
        t.ok(challenge == REFUSED.replace("invalid_token", status) and "AUTHENTICATIONFAILED" in words, f"RFC 7628 3.2.2: {why}: {status}", challenge, words)
    t.is_(smtp(mail, "OAUTHBEARER", oauth("wrong")), (REFUSED, "535 5.7.8 Error: authentication failed"), "... over SMTP, and after the client's dummy answer 535")
    t.is_(smtp(mail, "XOAUTH2", xoauth2("wrong"), b""), ('{"status":"401","schemes":"bearer","scope":"mail"}', "535 5.7.8 Error: authentication failed"), "XOAUTH2 has a form of its own, and an empty answer")
    challenge, words = imap(mail, "OAUTHBEARER", oauth(OPAQUE, "alice@example.test"))
    t.ok(challenge == REFUSED and "FAILED" in words, "2.5: bob's token does not log in as alice", challenge, words)
    t.is_(smtp(mail, "OAUTHBEARER", b"n,,\1auth=\1\1"), (REFUSED, "535 5.7.8 Error: authentication failed"), "RFC 7628 4.3: a client without a token hears what we want")
    t.is_(smtp(mail, "OAUTHBEARER", b"n,,\1auth=Basic x\1\1")[1][:9], "501 5.5.2", "what is no OAUTHBEARER")
    count = len(server.seen)
    imap(mail, "OAUTHBEARER", oauth("a b"))
    t.is_(len(server.seen), count, "what is no token is asked nobody about")


def trouble(mail, t, server):
    later = "454 4.7.0 Logins are not possible now, try again later"
    t.is_(smtp(mail, "OAUTHBEARER", oauth("broken"))[1][:3], "535", "an answer that is no JSON is no yes")
    server.code = 500
    t.is_(smtp(mail, "OAUTHBEARER", oauth("fresh"))[1], later, "an authorization server in trouble: later, not no")
    server.code = 302
    t.is_(smtp(mail, "OAUTHBEARER", oauth("fresh"))[1], later, "... that leads elsewhere: it is not followed")
    server.code = 200
    configure(mail, introspect=f"https://127.0.0.1:{PORT}/introspect")
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1], later, "one whose certificate bears another name")
    t.ok(wait_for(lambda: re.search(r"answer=later by=introspection [^\n]*(no alternative|does not match|SSL)", mail.log("token-check"))), "... and the log says so")
    configure(mail, introspect=f"https://localhost:{PORT + 1}/introspect")
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1], later, "one that is not there")
    configure(mail, audience=None, scope=None)
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1], later, "neither an audience nor a scope: what any service has been given would log in")
    t.ok(wait_for(lambda: "an audience or a scope" in mail.log("token-check")), "... and the log says so")
    mail.control("oauth", "introspect: http://localhost/\n")
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1], later, "a setting that cannot be understood")
    t.ok(wait_for(lambda: "introspect is a URL that begins with https://" in mail.log("token-check")), "... and the log says so")
    configure(mail)
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1][:3], "235", "then it is as before")


def rules(mail, t, server):
    def settings(words):
        with open(f"{mail.home}/control/mailboxes/{USER}", "w") as file:
            file.write(words)
        mail.run("tables-build")

    os.makedirs(f"{mail.home}/control/mailboxes", exist_ok=True)
    settings("imap: no\n")
    challenge, words = imap(mail, "OAUTHBEARER", oauth(OPAQUE))
    t.ok("FAILED" in words, "P-11: imap: no is no for a token", challenge, words)
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1][:3], "235", "... he may send")
    os.remove(f"{mail.home}/control/mailboxes/{USER}")
    mail.run("tables-build")
    t.is_(imap(mail, "OAUTHBEARER", oauth(OPAQUE)), ("OK", ""), "... until it is gone")
    with open(f"{mail.home}/control/backends/robot", "w") as file:
        file.write("domain: example.test\nlogin: robot\npassword: " + mail.run("password-hash", input="secret\n").split()[0] + "\n")
    mail.run("tables-build")
    server.tokens["robot"] = dict(GOOD, email="robot")
    t.is_(smtp(mail, "OAUTHBEARER", oauth("robot"))[1][:3], "535", "a token that names a backend's login does not log in")
    os.remove(f"{mail.home}/control/backends/robot")
    mail.run("tables-build")


def blocked(mail, t, server):
    """From a network that is refused for its failures nobody is asked; who has logged in from there before still is."""
    mail.control("authproxies", "192.0.2.1\n")
    mail.control("authblock", "12\n")
    mail.restart("auth-server")
    t.is_(imap(mail, "XOAUTH2", xoauth2(OPAQUE)), ("OK", ""), "a network in which bob has logged in")
    for turn in range(12):
        imap(mail, "XOAUTH2", xoauth2(f"guess{turn}", f"user{turn}@example.test"))
    count = len(server.seen)
    later = "454 4.7.0 Logins are not possible now, try again later"
    t.is_([smtp(mail, "XOAUTH2", xoauth2(f"more{turn}", f"user{turn}@example.test"))[1] for turn in range(2)], [later] * 2, "12 tokens that are no good: the network is refused")
    t.is_(smtp(mail, "OAUTHBEARER", oauth("nameless"))[1], later, "... also who does not say his name")
    t.is_(len(server.seen), count, "... and the authorization server is not asked about what it brings")
    t.ok(wait_for(lambda: 'reason="too many failed logins"' in mail.log("auth-server")), "... the log says why")
    server.tokens["fresh"] = GOOD
    t.is_((smtp(mail, "XOAUTH2", xoauth2("fresh"))[1][:3], len(server.seen)), ("235", count + 1), "who is known there is asked about, and let in")
    mail.control("authproxies", f"{mail.address}\n127.0.0.1\n")
    os.remove(f"{mail.home}/control/authblock")
    mail.restart("auth-server")
    mail.run("mailadm", "auth", "clear", "all")


def explained(mail, t):
    said = mail.run("auth-test", "-t", "-s", "imap", USER, input=OPAQUE + "\n")
    t.ok(mail.code == 0 and f"token: it is good, and that of {USER}\n" in said and "answer: yes, by token" in said, "W-26 auth-test -t: a token, step by step", said)
    said = mail.run("auth-test", "-t", USER, input="wrong\n")
    t.ok(mail.code == 1 and "token: it is not good: " in said and "answer: no" in said, "... one that is refused", said)


def by_keys(mail, t, server):
    keys = {name: Key(mail.folder, name, name) for name in ("RS256", "PS256", "ES256", "EdDSA")}
    stranger, now = Key(mail.folder, "RS256", "RS256"), int(time.time())
    claims = {"iss": ISSUER, "aud": "mail", "exp": now + 600, "nbf": now, "scope": "mail", "email": USER, "sub": "1"}
    mail.control("oauthkeys", key_set(*keys.values()))
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1][:3], "454", "keys without an issuer and an audience: nobody is let in by them")
    configure(mail, issuer=ISSUER, introspect=None)
    count = len(server.seen)
    for name, key in keys.items():
        t.is_(imap(mail, "OAUTHBEARER", oauth(key.token(claims))), ("OK", ""), f"RFC 7519, RFC 9068: a token that is signed by {name}")
    token = keys["ES256"].token(claims)
    t.is_(curl(mail, imap_url(mail), token), 0, "curl logs in by it")

    header, body, _ = keys["RS256"].token(claims).split(".")
    none = b64url(b'{"alg":"none"}') + "." + body + "."
    public = subprocess.run(["openssl", "pkey", "-in", keys["RS256"].path, "-pubout"], capture_output=True, check=True).stdout
    signed = b64url(b'{"alg":"HS256","kid":"RS256"}') + "." + body
    confused = signed + "." + b64url(hmac.new(public, signed.encode(), hashlib.sha256).digest())
    bad = {"alg none": none, "HMAC by the public key": confused, "another's key": stranger.token(claims), "a kid that is not known": stranger.token(claims, kid="x"),
           "another issuer": keys["RS256"].token(dict(claims, iss="https://other.example")), "another audience": keys["RS256"].token(dict(claims, aud="chat")),
           "expired": keys["RS256"].token(dict(claims, exp=now - 3600)), "not yet good": keys["RS256"].token(dict(claims, nbf=now + 3600)),
           "no exp": keys["RS256"].token({k: v for k, v in claims.items() if k != "exp"}), "no user": keys["RS256"].token({k: v for k, v in claims.items() if k != "email"}),
           "an unverified address": keys["RS256"].token(dict(claims, email_verified=False)), "another kind of token": keys["RS256"].token(claims, typ="logout+jwt"),
           "cut short": token[:-8], "no JWT": OPAQUE}
    said = {why: smtp(mail, "OAUTHBEARER", oauth(one, f"user{number}@example.test")) for number, (why, one) in enumerate(bad.items())}  # failures of one name would wait
    t.is_({why: answer for why, answer in said.items() if answer != (REFUSED, "535 5.7.8 Error: authentication failed")}, {}, "RFC 8725: " + ", ".join(bad) + ": each is refused")
    t.is_(smtp(mail, "OAUTHBEARER", oauth(keys["RS256"].token(dict(claims, scope="openid"))))[0], REFUSED.replace("invalid_token", "insufficient_scope"), "... without the scope")
    t.is_(len(server.seen), count, "... and nobody was asked")
    configure(mail, issuer=ISSUER, introspect=None, user="preferred_username")
    t.is_(imap(mail, "XOAUTH2", xoauth2(keys["PS256"].token(dict(claims, preferred_username="bob@example.test", email="x")))), ("OK", ""), "which claim names the login is a setting")
    configure(mail, issuer=ISSUER, introspect=None)
    os.chmod(f"{mail.home}/control/oauthkeys", 0o600)
    t.is_(smtp(mail, "OAUTHBEARER", oauth(token))[1][:3], "454", "keys that cannot be read, as after a mv by root: later, for no program to ask for another password")
    t.ok(wait_for(lambda: "unable to read control/oauthkeys" in mail.log("token-check")), "... and the log says so")
    os.chmod(f"{mail.home}/control/oauthkeys", 0o644)
    configure(mail, issuer=ISSUER)
    server.tokens["good2"] = dict(GOOD, iss=ISSUER)
    t.is_(smtp(mail, "OAUTHBEARER", oauth("good2"))[1][:3], "235", "with both, what is no JWT is asked about")
    t.is_(smtp(mail, "OAUTHBEARER", oauth(stranger.token(claims)))[1][:3], "535", "... and a wrong signature of a known key is not")


mail = Postroom(62)
with mail, Tap() as t:
    ca = Authority(mail.folder)
    mail.control("authproxies", f"{mail.address}\n127.0.0.1\n")  # many tries that fail come from here
    mail.restart("auth-server")
    mail.switch_on("pop3s")
    server = Server(ca)
    t.is_(offers(mail), [False, False, False], "without control/oauth nobody is offered a login by token")
    t.is_(smtp(mail, "OAUTHBEARER", oauth(OPAQUE))[1][:9], "504 5.5.4", "... nor can he try")
    with open(ca.pem) as file:
        mail.control("oauthcafile", f"{mail.home}/control/oauthca.pem")
        mail.control("oauthca.pem", file.read())
    mail.control("oauthclient", "mail server\ns:cret\n")
    os.chmod(f"{mail.home}/control/oauthclient", 0o400)
    os.chown(f"{mail.home}/control/oauthclient", pwd.getpwnam("mail-oauth").pw_uid, 0)
    configure(mail)
    by_introspection(mail, t, server)
    trouble(mail, t, server)
    rules(mail, t, server)
    explained(mail, t)
    blocked(mail, t, server)
    by_keys(mail, t, server)
    wait_for(lambda: "reason=token" in mail.log("auth-server"))
    logs = "".join(mail.log(service) for service in ("auth-server", "token-check", "imaps", "smtp-submission"))
    t.ok("mechanism=OAUTHBEARER" in logs and "reason=token" in logs and "cret" not in logs and "eyJ" not in logs and OPAQUE not in logs, "no token and no secret is in a log")
