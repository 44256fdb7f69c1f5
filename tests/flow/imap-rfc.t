#!/usr/bin/python3
# imap-rfc: the IMAP server against RFC 3501 and its extensions, written from the RFCs alone: every command in every state,
# APPEND, COPY, MOVE, STORE, EXPUNGE with their response codes, literals, pipelines.
# (N-110, N-113, S-38; design 8)
import base64, os, re, sys

sys.path.insert(0, "tests/flow")
from imapwire import LETTER, Imap, Literal, account, append, moment, status, string
from postroom import Postroom, Tap, wait_for

AUTHENTICATED = ["SELECT INBOX", "EXAMINE INBOX", "CREATE new", "DELETE new", "RENAME Archive old", "SUBSCRIBE Junk", "UNSUBSCRIBE Junk",
                 'LIST "" *', 'LSUB "" *', "STATUS INBOX (MESSAGES)", "NAMESPACE", "IDLE"]
SELECTED = ["CHECK", "CLOSE", "EXPUNGE", "SEARCH ALL", "FETCH 1 FLAGS", "STORE 1 FLAGS ()", "COPY 1 Archive", "MOVE 1 Archive", "UNSELECT",
            "UID FETCH 1 FLAGS", "UID SEARCH ALL", "UID STORE 1 FLAGS ()", "UID COPY 1 Archive", "UID MOVE 1 Archive", "UID EXPUNGE 1"]
MALFORMED = ["FETCH", "FETCH 1", "FETCH 0 FLAGS", "FETCH 1 ()", "FETCH 1 NONSENSE", "FETCH 1 BODY[", "FETCH 1 BODY[MIME]", "FETCH 1 BODY[1.TEXT.1]",
             "FETCH 1 BODY[0]", "FETCH 1 BODY[]<0.0>", "FETCH 1 BODY[]<1>", "FETCH 1 BODY[HEADER.FIELDS]", "FETCH 1 BODY[HEADER.FIELDS ()]",
             "FETCH 1: FLAGS", "FETCH 1,,2 FLAGS", "FETCH ,1 FLAGS", "FETCH a FLAGS", "FETCH 4294967296 FLAGS", "FETCH 1 FLAGS UID", "FETCH 1 (FLAGS",
             "FETCH 1 (FLAGS))", "FETCH 1  FLAGS", "FETCH 1 FLAGS ", "STORE 1", "STORE 1 FLAGS", "STORE 1 FLAGS (\\Nonsense)", "STORE 1 FLAGS (\\Recent)",
             "STORE 1 *FLAGS ()", "STORE 1 FLAGS (\\Seen", "SEARCH", "SEARCH NONSENSE", "SEARCH NOT", "SEARCH OR SEEN", "SEARCH (", "SEARCH ()",
             "SEARCH SINCE 32-Jan-2020", "SEARCH SINCE 1-Foo-2020", "SEARCH LARGER x", "SEARCH KEYWORD", "COPY 1", "COPY", "COPY x Archive", "SELECT",
             "SELECT INBOX x", "STATUS INBOX", "STATUS INBOX ()", "STATUS INBOX (NONSENSE)", "STATUS INBOX MESSAGES", "LIST", 'LIST ""', "RENAME Archive",
             "CREATE", "CREATE a b", "DELETE", "SUBSCRIBE", "APPEND", "APPEND INBOX", "APPEND INBOX (\\Seen)", "UID", "UID NOOP", "UID FETCH 1",
             "UID EXPUNGE", "NOOP x", "CHECK x", "CLOSE x", "EXPUNGE 1", "LOGOUT x", "NONSENSE", 'SELECT "INBOX', "SELECT IN\x01BOX", 'SELECT "a\\b"',
             "IDLE x", "CAPABILITY x", "ID", "ID (\"a\")", "ID x", "MOVE 1", "UNSELECT x", "NAMESPACE x", "STARTTLS x"]


def states(mail, t):
    clear = Imap(mail, port=143)
    t.matches(clear.greeting.code, r"^CAPABILITY IMAP4rev1 .*STARTTLS", "143: the greeting has STARTTLS")
    t.ok("LOGINDISABLED" in clear.greeting.code.split() and "AUTH=PLAIN" not in clear.greeting.code, "S-38 ... and LOGINDISABLED, no AUTH=PLAIN", clear.greeting.code)
    for command in AUTHENTICATED + SELECTED:
        t.is_(clear(command).status, "BAD", f"before a login, {command}: BAD")
        if command in ("NAMESPACE", "EXPUNGE"):     # 20 commands without a login are too many
            clear.close()
            clear = Imap(mail, port=143 if command == "NAMESPACE" else 993)
    clear.close()
    clear = Imap(mail, port=143)
    t.is_(clear("CAPABILITY").values("CAPABILITY")[0], "IMAP4rev1", "CAPABILITY before a login")
    t.is_(clear("NOOP").status, "OK", "NOOP before a login")
    t.is_(clear("login wrong wrong").code, "PRIVACYREQUIRED", "S-38 LOGIN in clear")
    t.is_(clear('AUTHENTICATE PLAIN').status, "NO", "AUTHENTICATE in clear: NO")
    t.is_(clear("STARTTLS").status, "OK", "STARTTLS")
    clear.wrap()
    capabilities = clear("CAPABILITY").values("CAPABILITY")
    t.ok("STARTTLS" not in capabilities and "LOGINDISABLED" not in capabilities and "AUTH=PLAIN" in capabilities, "in TLS: AUTH=PLAIN, STARTTLS no more", capabilities)
    t.is_(clear("STARTTLS").status, "BAD", "STARTTLS twice: BAD")
    tag = clear.start("AUTHENTICATE PLAIN")
    t.is_(clear.read(), b"+ \r\n", "AUTHENTICATE: '+ ' and an empty challenge")
    clear.write(b"*\r\n")
    t.is_(clear.finish().status, "BAD", "... '*' cancels: BAD")
    t.is_(clear("AUTHENTICATE NONSENSE").status, "NO", "an unknown mechanism: NO")
    t.is_(clear('LOGIN', Literal(b"carol@example.test"), Literal(b"secret-carol")).status, "OK", "LOGIN with two literals that wait")
    for command in ("LOGIN a b", "AUTHENTICATE PLAIN", "STARTTLS"):
        t.is_(clear(command).status, "BAD", f"after the login {command}: BAD")
    for command in SELECTED:
        t.is_(clear(command).status, "BAD", f"nothing selected, {command}: BAD")
    result = clear("LOGOUT")
    t.ok(result.status == "OK" and len(result.of("BYE")) == 1 and clear.closed(), "LOGOUT: BYE, OK, closed", result)
    early = Imap(mail)
    result = early("LOGOUT")
    t.ok(result.status == "OK" and len(result.of("BYE")) == 1 and early.closed(), "LOGOUT before a login", result)


def injected(mail, t):
    s = Imap(mail, port=143)
    s.write(b"x STARTTLS\r\ny NOOP\r\n")
    t.matches(s.read().decode(), "^x OK", "STARTTLS with a command behind it")
    s.wrap()
    t.is_(s("NOOP").status, "OK", "check 18: the command behind it is not answered in TLS")
    s.close()


def malformed(mail, t):
    s = Imap(mail, "carol", folder="INBOX")
    append(s, "INBOX")
    s("NOOP")
    for command in MALFORMED:
        result = s(command)
        t.is_(result.status, "BAD", f"{command!r}: BAD")
        if result.status != "BAD":
            print("#", result)
    s.write(b"\r\nt0 NOOP\r\n")
    t.matches(s.read().decode(), r"^(\* BAD|t0 OK) ", "an empty line is passed over, or * BAD")
    s.write(b"justatag\r\n")
    t.matches(s.read().decode(), r"^(\*|justatag) BAD ", "a tag alone: BAD")
    s.write(b"a+b NOOP\r\n")
    t.matches(s.read().decode(), r"^(\*|a\+b) BAD ", "'+' in a tag: BAD")
    s.write(b"t1 noop\r\n")
    t.matches(s.read().decode(), "^t1 OK", "commands in any case")
    s.write(b"t2 FETCH 1 (FLAGS uid rfc822.size)\r\n")
    t.matches(s.read().decode(), r"^\* 1 FETCH ", "... items too")
    s.read()
    s.write(b"t3 NOOP\n")
    t.matches(s.read().decode(), "^t3 (OK|BAD)", "a line that ends with LF alone is answered")
    s.write(b"t4 NOOP " + b"x" * 200000 + b"\r\n")
    t.matches(s.read().decode(), r"^(t4|\*) (BAD|BYE)", "a line of 200 KB: BAD or BYE")
    s.close()


def capabilities(mail, t):
    s = Imap(mail, "carol")
    found = s("CAPABILITY").values("CAPABILITY")
    for name in "IMAP4rev1 LITERAL+ ID NAMESPACE IDLE UIDPLUS UNSELECT MOVE SPECIAL-USE".split():
        t.ok(name in found, f"capability {name}", found)
    t.is_(s("NAMESPACE").values("NAMESPACE"), [[[b"", b"/"]], None, None], "NAMESPACE: one, its separator is /")
    for command in ('ID NIL', 'ID ("name" "test" "version" NIL)', 'ID ()'):
        result = s(command)
        t.ok(result.status == "OK" and len(result.of("ID")) == 1, f"{command}", result)
    s.close()


def select(mail, t):
    s = Imap(mail, "dave")
    result = s("SELECT inbox")
    t.ok(result.status == "OK" and result.code == "READ-WRITE", "SELECT: OK [READ-WRITE]; inbox in any case", result)
    codes = {code.split()[0] for code in result.codes()}
    t.ok({"PERMANENTFLAGS", "UIDVALIDITY", "UIDNEXT"} <= codes and "UNSEEN" not in codes, "an empty folder: PERMANENTFLAGS, UIDVALIDITY, UIDNEXT, no UNSEEN", codes)
    t.ok([l.number for l in result.of("EXISTS")] == [0] and [l.number for l in result.of("RECENT")] == [0], "0 EXISTS, 0 RECENT", result)
    flags = result.values("FLAGS")[0]
    t.ok({"\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"} <= set(flags) and "\\Recent" not in flags, "FLAGS", flags)
    for command in ("FETCH 1 FLAGS", "FETCH * FLAGS", "STORE 1 FLAGS ()", "COPY 1 Archive", "SEARCH 1", "MOVE 1 Archive"):
        result = s(command)
        t.ok(result.status != "OK" or command in ("FETCH * FLAGS", "SEARCH 1"), f"an empty folder, {command}: no number 1", result)
    for command in ("UID FETCH 1:* FLAGS", "UID STORE 5 FLAGS ()", "UID COPY 9 Archive", "UID MOVE 9 Archive", "UID SEARCH UID 1:*", "UID EXPUNGE 1:*"):
        t.is_(s(command).status, "OK", f"an empty folder, {command}: OK; a uid that is not there is no error")
    append(s, "INBOX", flags="(\\Seen)")
    append(s, "INBOX")
    s("CLOSE")
    result = s("SELECT INBOX")
    t.ok([c for c in result.codes() if c.startswith("UNSEEN")] == ["UNSEEN 2"], "UNSEEN is the number of the first", result)
    result = s("SELECT nowhere")
    t.ok(result.status == "NO", "SELECT of no folder: NO", result)
    t.is_(s("FETCH 1 FLAGS").status, "BAD", "... and now nothing is selected (6.3.1)")
    s("SELECT INBOX")
    result = s("EXAMINE INBOX")
    t.is_(result.code, "READ-ONLY", "EXAMINE: [READ-ONLY]")
    t.matches(" ".join(result.codes()), r"PERMANENTFLAGS \(\)", "... PERMANENTFLAGS ()")
    for command in ("STORE 1 +FLAGS (\\Flagged)", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 Archive"):
        t.is_(s(command).status, "NO", f"read-only, {command}: NO")
    t.is_(s("COPY 1 Archive").status, "OK", "read-only, COPY elsewhere: OK")
    result = s("FETCH 2 BODY[]")
    t.ok("\\Seen" not in s("FETCH 2 FLAGS").fetched("FLAGS")[2], "read-only, BODY[] sets no \\Seen")
    other = Imap(mail, "dave", folder="INBOX")
    other("STORE 1 +FLAGS (\\Deleted)")
    t.is_(s("CLOSE").status, "OK", "CLOSE in read-only")
    t.is_([l.number for l in s("SELECT INBOX").of("EXISTS")], [2], "... removes nothing")
    s("UNSELECT")
    t.is_([l.number for l in s("SELECT INBOX").of("EXISTS")], [2], "UNSELECT removes nothing")
    result = s("CLOSE")
    t.ok(result.status == "OK" and not result.of("EXPUNGE"), "CLOSE tells no EXPUNGE", result)
    t.is_([l.number for l in s("SELECT INBOX").of("EXISTS")], [1], "... but removes what is \\Deleted")
    other.close()
    s.close()


def recent(mail, t):
    s, o = Imap(mail, "dave", folder="Archive"), Imap(mail, "dave")
    append(o, "Drafts")
    append(o, "Drafts")
    t.is_(o("STATUS Drafts (RECENT)").values("STATUS")[1], ["RECENT", 2], "\\Recent: STATUS counts 2")
    t.is_([l.number for l in o("EXAMINE Drafts").of("RECENT")], [2], "... EXAMINE shows them and keeps them")
    o("UNSELECT")
    t.is_([l.number for l in s("SELECT Drafts").of("RECENT")], [2], "... the first SELECT has them")
    t.is_([l.number for l in o("SELECT Drafts").of("RECENT")], [0], "... the second one has not")
    t.is_(s("SEARCH RECENT").values("SEARCH"), [1, 2], "SEARCH RECENT")
    t.is_(o("SEARCH RECENT").values("SEARCH"), [], "... in the other session none")
    t.is_((s("SEARCH NEW").values("SEARCH"), s("SEARCH OLD").values("SEARCH")), ([1, 2], []), "NEW, OLD")
    t.is_((o("SEARCH NEW").values("SEARCH"), o("SEARCH OLD").values("SEARCH")), ([], [1, 2]), "... and there")
    t.ok("\\Recent" in s("FETCH 1 FLAGS").fetched("FLAGS")[1] and "\\Recent" not in o("FETCH 1 FLAGS").fetched("FLAGS")[1], "FETCH FLAGS says so")
    s("STORE 1 FLAGS (\\Seen)")
    t.ok("\\Recent" in s("FETCH 1 FLAGS").fetched("FLAGS")[1], "STORE does not take \\Recent away")
    t.is_(s("SEARCH NEW").values("SEARCH"), [2], "NEW is RECENT UNSEEN")
    s.close(), o.close()


def appending(mail, t):
    s = Imap(mail, "erin", folder="INBOX")
    validity = [c for c in s("SELECT INBOX").codes() if c.startswith("UIDVALIDITY")][0].split()[1]
    result = append(s, "INBOX", flags="(\\Seen \\Flagged $Label)", date='" 7-Feb-1994 21:52:25 -0800"')
    t.matches(result.code, rf"^APPENDUID {validity} 1$", "APPEND: [APPENDUID validity uid]")
    t.is_([l.number for l in result.of("EXISTS")] or [l.number for l in s("NOOP").of("EXISTS")], [1], "... the selected folder's EXISTS comes at once")
    items = s("FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)").fetched()[1]
    t.is_(set(items["FLAGS"]) - {"\\Recent"}, {"\\Seen", "\\Flagged", "$Label"}, "... its flags")
    t.is_(moment(items["INTERNALDATE"]), moment(b" 7-Feb-1994 21:52:25 -0800"), "... its date, the same moment")
    t.is_(items["RFC822.SIZE"], len(LETTER), "... its size")
    result = append(s, "nowhere")
    t.ok(result.status == "NO" and result.code == "TRYCREATE", "APPEND to no folder: NO [TRYCREATE]", result)
    result = s("APPEND nowhere", Literal(LETTER))
    t.ok(result.status == "NO" and result.code == "TRYCREATE", "... with a literal that waits too", result)
    for date in ('"32-Feb-1994 21:52:25 -0800"', '"7-Feb-1994 21:52:25 -0800"', '" 7-Feb-1994 25:52:25 -0800"', '" 7-Feb-1994"', '" 7-Feb-1994 21:52:25"'):
        t.is_(append(s, "INBOX", date=date).status, "BAD", f"APPEND with the date {date}: BAD")
    t.is_(append(s, "INBOX", flags="(\\Recent)").status, "BAD", "APPEND with \\Recent: BAD")
    t.is_(append(s, "INBOX", b"").status in ("OK", "NO", "BAD"), True, "APPEND of nothing is answered")
    result = s("APPEND Archive", Literal(LETTER))
    t.matches(result.code, r"^APPENDUID \d+ 1$", "... elsewhere")
    t.is_(s("STATUS Archive (MESSAGES UIDNEXT)").values("STATUS"), ["Archive", ["MESSAGES", 1, "UIDNEXT", 2]], "... STATUS sees it")
    for form in ("INBOX", '"inbox"', "iNbOx"):
        t.is_(append(s, form).status, "OK", f"APPEND to {form}")
    t.is_(s("APPEND", Literal(b"INBOX"), "(\\Seen)", Literal(LETTER)).status, "OK", "APPEND: folder and message both literals")
    t.is_(s("APPEND", Literal(b"INBOX", now=True), "()", Literal(LETTER, now=True)).status, "OK", "... both at once, with an empty list of flags")
    s.close()


def storing(mail, t):
    s, o = Imap(mail, "frank", folder="INBOX"), Imap(mail, "frank", folder="INBOX")
    for _ in range(5):
        append(s, "INBOX")
    s("NOOP"), o("NOOP"), s("FETCH 1:* (UID FLAGS)"), o("FETCH 1:* (UID FLAGS)")
    flags = lambda session, number: set(session(f"FETCH {number} FLAGS").fetched("FLAGS")[number]) - {"\\Recent"}
    t.is_(set(s("STORE 1 FLAGS (\\Seen Work)").fetched("FLAGS")), {1}, "STORE tells the flags")
    t.is_(flags(s, 1), {"\\Seen", "Work"}, "STORE FLAGS sets them")
    t.is_((s("STORE 1 +FLAGS (\\Flagged)").status, flags(s, 1)), ("OK", {"\\Seen", "Work", "\\Flagged"}), "STORE +FLAGS adds")
    t.is_((s("STORE 1 -FLAGS (\\Seen nothere)").status, flags(s, 1)), ("OK", {"Work", "\\Flagged"}), "STORE -FLAGS takes away")
    t.is_((s("STORE 1 +FLAGS \\Answered \\Draft").status, flags(s, 1)), ("OK", {"Work", "\\Flagged", "\\Answered", "\\Draft"}), "... flags without parentheses")
    t.is_((s("store 1 +flags (\\sEEN wORK)").status, flags(s, 1)), ("OK", {"Work", "\\Flagged", "\\Answered", "\\Draft", "\\Seen"}), "... in any case, also keywords")
    result = s("STORE 2:3 +FLAGS.SILENT (\\Seen)")
    t.ok(result.status == "OK" and not result.of("FETCH"), "STORE .SILENT tells nothing", result)
    result = o("NOOP")
    t.ok({1, 2, 3} <= set(result.fetched("FLAGS")), "the other session hears of all three", result)
    t.is_(flags(s, 1), set(o.flags[o.view[0]]), "... with the right flags")
    t.is_((s("STORE 1 FLAGS ()").status, flags(s, 1)), ("OK", set()), "STORE FLAGS () clears")
    result = s(f"UID STORE {s.view[4]} +FLAGS (\\Seen)")
    t.is_(result.of("FETCH")[0].items.get("UID"), s.view[4], "UID STORE: the answer has the uid")
    result = s("STORE 4:9 +FLAGS (\\Seen)")
    t.ok(result.status in ("BAD", "NO") , "STORE beyond the end is an error", result)
    t.is_(s("UID STORE 4000000000:* +FLAGS.SILENT (Last)").status, "OK", "n:* with n above the last")
    t.ok("Last" in flags(s, 5), "... means the last one")
    result = s("STORE 1 +FLAGS (%s)" % " ".join(f"kw{n}" for n in range(10)))
    t.ok(result.status == "OK" and len(flags(s, 1)) == 10, "ten keywords", result)
    t.ok(len(result.of("FLAGS")) >= 1 and "kw9" in result.of("FLAGS")[-1].values[0], "... FLAGS is told anew", result)
    o("NOOP")
    t.ok(set(o("SEARCH KEYWORD kw3").values("SEARCH")) == {1} and o("SEARCH UNKEYWORD KW3").values("SEARCH") == [2, 3, 4, 5], "... the other session finds them")
    s("SELECT Archive"), s("SELECT INBOX")
    t.is_(len(flags(s, 1)), 10, "... they stay")
    s.close(), o.close()


def expunging(mail, t):
    s, o = Imap(mail, "frank", folder="INBOX"), Imap(mail, "frank", folder="INBOX")
    s("FETCH 1:* (UID)"), o("FETCH 1:* (UID)")
    uids = list(s.view)
    t.is_(uids, [1, 2, 3, 4, 5], "five messages")
    s("STORE 2,4 +FLAGS.SILENT (\\Deleted)")
    result = s(f"UID EXPUNGE {uids[3]}:*")
    t.is_([l.number for l in result.of("EXPUNGE")], [4], "UID EXPUNGE removes what is deleted and named")
    result = o("FETCH 1:5 FLAGS")
    t.ok(len(o.view) == 5 and not result.of("EXPUNGE"), "the other session: no EXPUNGE in FETCH, the numbers hold", result)
    result = o("FETCH 4 BODY.PEEK[]")
    t.ok(result.status == "NO" or 4 in result.fetched(), "... a message that is gone: NO, or its bytes", result)
    result = o("SEARCH ALL")
    t.ok(not result.of("EXPUNGE"), "... none in SEARCH", result)
    result = o("NOOP")
    t.ok([l.number for l in result.of("EXPUNGE")] == [4] and o.view == [1, 2, 3, 5], "... in NOOP", result)
    s("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    result = s("EXPUNGE")
    t.ok(s.view == [3, 5], "EXPUNGE removes the rest, each number counted from then", result)
    o("NOOP")
    t.is_(o.view, [3, 5], "... the other session too")
    append(s, "INBOX")
    s("STORE 2 +FLAGS.SILENT (\\Deleted)"), s("EXPUNGE")
    t.matches(append(s, "INBOX").code, r" 7$", "a uid is never given twice")
    s.close(), o.close()


def copying(mail, t):
    s = Imap(mail, "grace", folder="INBOX")
    dates = [f'"{n:2}-Mar-2001 10:20:30 +0100"' for n in range(1, 6)]
    for n, date in enumerate(dates):
        append(s, "INBOX", LETTER + b"%d\r\n" % n, "(\\Flagged kw%d)" % n, date)
    s("NOOP"), s("FETCH 1:* UID"), append(s, "Archive"), append(s, "Archive")
    result = s("COPY 2:3,5 Archive")
    validity = s("STATUS Archive (UIDVALIDITY)").values("STATUS")[1][1]
    t.is_(result.code, f"COPYUID {validity} 2:3,5 3:5", "COPY: [COPYUID validity from to]")
    result = s("COPY 1 nowhere")
    t.ok(result.status == "NO" and result.code == "TRYCREATE", "COPY to no folder: NO [TRYCREATE]", result)
    result = s("MOVE 1 nowhere")
    t.ok(result.status == "NO" and result.code == "TRYCREATE", "MOVE to no folder: NO [TRYCREATE]", result)
    t.is_(s("UID COPY 99 Archive").code, None, "UID COPY of nothing: no COPYUID")
    o = Imap(mail, "grace", folder="Archive")
    items = o("FETCH 5 (FLAGS INTERNALDATE BODY.PEEK[])").fetched()[5]
    t.is_(set(items["FLAGS"]) - {"\\Recent"}, {"\\Flagged", "kw4"}, "COPY keeps flags and keywords")
    t.is_(moment(items["INTERNALDATE"]), moment(b" 5-Mar-2001 10:20:30 +0100"), "... and the date")
    t.is_(items["BODY[]"], LETTER + b"4\r\n", "... and the bytes")
    result = s("MOVE 1,4 Archive")
    t.matches(" ".join(result.codes()), rf"COPYUID {validity} 1,4 6:7", "MOVE: COPYUID")
    where = [n for n, l in enumerate(result.lines) if l.code and l.code.startswith("COPYUID")]
    t.ok(where and where[0] < min(n for n, l in enumerate(result.lines) if l.word == "EXPUNGE"), "... in an untagged OK before the EXPUNGEs (RFC 6851 4.3)", result)
    t.is_(s.view, [2, 3, 5], "... and they are gone here")
    result = s("UID MOVE 3 Archive")
    t.ok(s.view == [2, 5] and result.status == "OK", "UID MOVE", result)
    result = s("COPY 1:2 INBOX")
    t.matches(result.code, r"^COPYUID \d+ 2,5 6:7$", "COPY into the folder itself")
    s("NOOP")
    t.is_(len(s.view), 4, "... they appear")
    result = s("MOVE 1 INBOX")
    t.ok(result.status in ("OK", "NO"), "MOVE into the folder itself is answered", result)
    s("NOOP")
    t.is_(len(s.view), 4, "... and loses nothing")
    s("STORE 1 +FLAGS (\\Deleted)")
    before = len(s.view)
    s("UID MOVE %d Trash" % s("UID SEARCH UNDELETED").values("SEARCH")[0])
    t.is_(len(s.view), before - 1, "MOVE removes only what it moved")
    s.close(), o.close()


def logins(mail, t):
    name, word = "carol@example.test", "secret-carol"
    plain = lambda *words: base64.b64encode("\0".join(words).encode()).decode()
    for command, status in ((f"AUTHENTICATE PLAIN {plain('', name, word)}", "OK"), (f"AUTHENTICATE PLAIN {plain(name, name, word)}", "OK"), (f'LOGIN "{name}" {word}', "OK"),
                            (f"authenticate plain {plain('', name, word)}", "OK"), ("AUTHENTICATE PLAIN =", "NO|BAD"), ("AUTHENTICATE PLAIN !!!", "NO|BAD"),
                            (f"AUTHENTICATE PLAIN {plain('', name)}", "NO|BAD"), (f"AUTHENTICATE PLAIN {plain('dave@example.test', name, word)}", "NO"), ("LOGIN carol", "BAD"),
                            (f"LOGIN {name} {word} x", "BAD"), ('LOGIN "" ""', "NO")):
        s = Imap(mail)
        result = s(command)
        t.ok(re.fullmatch(status, result.status), f"{command}: {status}", result)
        s.close()
    s = Imap(mail)
    s.start("AUTHENTICATE LOGIN")
    for words in (name, word):
        t.matches(s.read().decode(), r"^\+ ", "AUTHENTICATE LOGIN asks")
        s.write(base64.b64encode(words.encode()) + b"\r\n")
    t.matches(s.finish().code, "^CAPABILITY IMAP4rev1", "... OK [CAPABILITY]")
    uses = {string(l.values[2]): l.values[0] for l in s('LIST "" %').of("LIST")}
    t.is_([n for n, use in (("Drafts", "\\Drafts"), ("Sent", "\\Sent"), ("Junk", "\\Junk"), ("Trash", "\\Trash"), ("Archive", "\\Archive")) if use not in uses.get(n, [])], [],
          "N-45 RFC 6154: LIST says what each folder is for")
    s.close()
    s = Imap(mail)
    s.write(f"x LOGIN {name} {word}\r\ny SELECT INBOX\r\nz NOOP\r\n".encode())
    said = [s.read()]
    while not said[-1].startswith((b"z", b"* BYE")):
        said.append(s.read())
    t.ok([l[:4] for l in said if l[:1] in b"xyz"] == [b"x OK", b"y OK", b"z OK"], "commands behind LOGIN in one piece go with it", said)
    s.close()


def cut_off(mail, t):
    """An APPEND whose client goes away in the middle leaves nothing."""
    s, folder = Imap(mail, "ivan"), f"{mail.home}/mail/example.test/ivan"
    count = status(s, "Trash", "MESSAGES")["MESSAGES"]
    for sent in (b"", b"Subject: half", LETTER):
        o = Imap(mail, "ivan")
        o.write(b"x APPEND Trash {%d+}\r\n%s" % (len(LETTER) + 1, sent))
        o.close()
    gone = wait_for(lambda: not os.listdir(f"{folder}/.Trash/tmp"))
    t.ok(gone and status(s, "Trash", "MESSAGES UIDNEXT") == {"MESSAGES": count, "UIDNEXT": 1}, "APPEND cut off: no message, no uid, nothing in tmp/", os.listdir(f"{folder}/.Trash/tmp"))
    s.close()


def keywords(mail, t):
    s = Imap(mail, "ivan", folder="Junk")
    append(s, "Junk"), s("NOOP")
    result = None
    for n in range(30):
        result = s(f"STORE 1 +FLAGS.SILENT (many{n})")
        if result.status != "OK":
            break
    t.ok(n == 26 and result.code == "LIMIT", "the 27th keyword of a folder: NO [LIMIT]", n, result)
    t.is_(len(s("FETCH 1 FLAGS").fetched("FLAGS")[1]) in (26, 27), True, "... the 26 are there")
    result = s("SELECT Junk")
    t.ok(any(c.startswith("PERMANENTFLAGS") and "\\*" not in c for c in result.codes()), "... PERMANENTFLAGS has no \\* any more", result)
    t.is_(s("SEARCH KEYWORD never-used UNKEYWORD many0").values("SEARCH"), [], "... SEARCH for a keyword that nobody has made makes none")
    s.close()


def literals(mail, t):
    s = Imap(mail, "ivan", folder="INBOX")
    t.is_(s("SEARCH SUBJECT", Literal(b"one"), "FROM", Literal(b"ann", now=True)).status, "OK", "literals that wait and that do not, in one command")
    s.write(b"p1 NOOP\r\np2 SEARCH ALL\r\np3 APPEND INBOX {%d+}\r\n%s\r\np4 NOOP\r\np5 FETCH 1 RFC822.SIZE\r\n" % (len(LETTER), LETTER))
    said, wanted = [], ["p1", "p2", "p3", "p4", "p5"]
    while wanted:
        raw = s.read()
        said.append(raw)
        if raw.startswith(wanted[0].encode()):
            t.matches(raw.decode(), "^p. OK", f"pipelined: {wanted.pop(0)}")
    t.ok(b"* 1 FETCH (RFC822.SIZE %d)\r\n" % len(LETTER) in said, "... the appended message is there for the fetch behind it", said)
    s.write(b"q1 APPEND INBOX {5000000000}\r\n")
    t.matches(s.read().decode(), "^q1 (NO|BAD)", "a literal of 5 GB that waits: refused, no '+'")
    t.is_(s("NOOP").status, "OK", "... the session goes on")
    s.write(b"q2 SELECT {70000}\r\n")
    t.matches(s.read().decode(), "^q2 (NO|BAD)", "a name of 70,000 bytes: refused")
    s.write(b"q3 SELECT {3+}\r\nabc\r\n")
    t.matches(s.read().decode(), "^q3 NO", "a name as LITERAL+")
    s.write(b"q4 NONSENSE {5+}\r\nab\r\nc\r\nq5 NOOP\r\n")
    t.matches(s.read().decode(), "^q4 BAD", "an unknown command with a literal: BAD")
    t.matches(s.read().decode(), "^q5 OK", "... the literal is not taken for a command")
    s.write(b"q6 APPEND INBOX (\\Nonsense) {%d+}\r\n%s\r\nq7 NOOP\r\n" % (len(LETTER), LETTER))
    said = [s.read().decode(), s.read().decode()]
    t.ok(re.match("q6 (NO|BAD)", said[0]) and re.match(r"q7 OK|\*", said[1]), "APPEND with a wrong flag: its literal is passed over", said)
    s.write(b"q8 LOGIN {3}\r\n")
    t.matches(s.read().decode(), r"^(\+ |q8 BAD)", "a literal in a command of the wrong state")
    s.close()


with Postroom(24) as mail, Tap() as t:
    account(mail, "carol", "dave", "erin", "frank", "grace", "ivan")
    for story in (states, injected, malformed, capabilities, select, recent, appending, storing, expunging, copying, logins, literals, cut_off, keywords):
        story(mail, t)
