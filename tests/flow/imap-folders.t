#!/usr/bin/python3
# imap-folders: CREATE, DELETE, RENAME, LIST, LSUB, SUBSCRIBE and STATUS against RFC 3501: wildcards, levels, names that need
# quoting or modified UTF-7, INBOX in any case, uids and UIDVALIDITY through all of it.
import sys

sys.path.insert(0, "tests/flow")
from imapwire import Imap, Literal, account, append, status, string
from postroom import Postroom, Tap


def names(session, pattern, reference="", command="LIST"):
    return sorted(line.values[2].upper() if str(line.values[2]).upper() == "INBOX" else string(line.values[2])
                  for line in session(f'{command} "{reference}" {pattern}').of(command))


def folders(mail, t):
    s = Imap(mail, "heidi")
    for line in s('LIST "" *').of("LIST"):
        s(f'DELETE "{string(line.values[2])}"')
        s(f'UNSUBSCRIBE "{string(line.values[2])}"')
    t.is_(names(s, "*"), ["INBOX"], "INBOX alone is left")
    t.is_(s('LIST "" ""').of("LIST")[0].values[1:], [b"/", b""], 'LIST "" "": the separator')
    t.ok("\\Noselect" in s('LIST "" ""').of("LIST")[0].values[0], "... \\Noselect")
    for name in ("a", "a/b", "a/b/c", "ab", "x/y/z", '"with space"', "a.b", "~peter", '"quo\\"te"', '"back\\\\slash"', "&AOQ-", '"&-"', "INBOX/sub", "%26", '"par(en"', "1"):
        if name == "%26":
            t.is_(s("CREATE a%b").status, "BAD", "CREATE with a wildcard in an atom: BAD")
            continue
        result = s(f"CREATE {name}")
        t.is_(result.status, "OK", f"CREATE {name}: {result.text}")
    found = names(s, "*")
    for name in ("a", "a/b", "a/b/c", "ab", "x/y/z", "with space", "a.b", "~peter", 'quo"te', "back\\slash", "&AOQ-", "&-", "INBOX/sub", "par(en", "1"):
        t.ok(name in found, f"LIST has {name}", found)
    t.ok(names(s, "a%") == ["a", "a.b", "ab"], "LIST a%: one level", names(s, "a%"))
    t.is_(names(s, "a*"), ["a", "a.b", "a/b", "a/b/c", "ab"], "LIST a*: all levels")
    t.is_(names(s, "%/b"), ["a/b"], "LIST %/b")
    t.is_(names(s, "a/%"), ["a/b"], "LIST a/%")
    t.is_(names(s, "*c"), ["a/b/c"], "LIST *c")
    t.is_(names(s, "%/%/%"), ["a/b/c", "x/y/z"], "LIST %/%/%")
    t.is_(names(s, "*%*b"), ["INBOX/sub", "a.b", "a/b", "ab"], "wildcards in a row")
    t.is_(names(s, "b%", "a/"), ["a/b"], "LIST with a reference")
    t.is_(names(s, "A"), [], "names compare by case")
    t.is_(names(s, "iNb%"), ["INBOX"], "INBOX does not")
    t.is_(names(s, "inbox"), ["INBOX"], "LIST inbox")
    t.is_(names(s, "nowhere"), [], "LIST of no folder: nothing, OK")
    attributes = {string(l.values[2]): set(l.values[0]) for l in s('LIST "" *').of("LIST")}
    t.ok("x" not in attributes or "\\Noselect" in attributes["x"] or s("SELECT x").status == "OK", "x above x/y/z is selectable or \\Noselect", attributes)
    t.ok("\\HasChildren" in attributes["a"] and "\\HasNoChildren" in attributes["ab"], "\\HasChildren, \\HasNoChildren", attributes)
    result = s("CREATE a")
    t.ok(result.status == "NO", "CREATE of what is there: NO", result)
    t.is_(s("CREATE inbox").status, "NO", "CREATE inbox: NO")
    t.is_(s("CREATE tail/").status, "OK", "CREATE tail/: the separator at the end only says what will come")
    t.ok("tail" in names(s, "t*") and s("DELETE tail").status == "OK", "... its name is without")
    for name in ('""', '"/a"', '"a//b"', '"&AOQ"', '"&xyz!-"', '"&"'):
        t.ok(s(f"CREATE {name}").status != "OK", f"CREATE {name} is refused")
    t.ok(s("CREATE", Literal(b"\xc3\xa4")).status != "OK", "CREATE with 8-bit bytes is refused")
    for name in ('"../x"', '".."', '"a/../../b"', '"."', '"cur"', '"new"', '"..removed"'):
        result = s(f"CREATE {name}")
        t.ok(result.status != "OK" or names(s, name) == [name.strip('"')], f"CREATE {name}: refused, or a folder of that name", result)
        if result.status == "OK":
            s(f"SELECT {name}"), s("UNSELECT"), s(f"DELETE {name}")
    t.is_(s("DELETE INBOX").status, "NO", "DELETE INBOX: NO")
    t.is_(s("DELETE nowhere").status, "NO", "DELETE of no folder: NO")
    append(s, "a/b")
    validity = s("STATUS a/b (UIDVALIDITY)").values("STATUS")[1][1]
    t.is_(s("DELETE a/b").status, "OK", "DELETE of a folder with folders below")
    t.ok("a/b/c" in names(s, "*"), "... they stay", names(s, "*"))
    gone = s("SELECT a/b").status == "NO"
    t.ok(gone, "... it cannot be selected")
    t.is_(s("CREATE a/b").status, "OK", "it can be made again")
    state = status(s, "a/b", "UIDVALIDITY MESSAGES")
    t.ok(state["UIDVALIDITY"] > validity and state["MESSAGES"] == 0, "... with a greater UIDVALIDITY and nothing in it", validity, state)
    s("SELECT ab")
    t.is_(Imap(mail, "heidi")("DELETE ab").status, "OK", "another session removes the selected folder")
    result = s("NOOP") if s.waiting == [] else None
    t.ok(result.status in ("OK", "NO", "BAD"), "... the session lives on", result)
    s.close()


def renaming(mail, t):
    s = Imap(mail, "heidi")
    append(s, "a/b"), append(s, "a/b/c"), append(s, "a")
    before = s("STATUS a/b (UIDVALIDITY UIDNEXT MESSAGES)").values("STATUS")[1]
    t.is_(s("RENAME a other/place").status, "OK", "RENAME of a folder with folders below, to a level that is not there")
    found = names(s, "*")
    t.ok({"other/place", "other/place/b", "other/place/b/c"} <= set(found) and not [n for n in found if n == "a" or n.startswith("a/")], "... all of them", found)
    t.is_(s("STATUS other/place/b (UIDVALIDITY UIDNEXT MESSAGES)").values("STATUS")[1], before, "... with their uids")
    t.is_(s("RENAME other/place other/place/below").status, "OK", "RENAME into itself")
    found = names(s, "other/*")
    t.ok({"other/place/below", "other/place/below/b", "other/place/below/b/c"} <= set(found) and "other/place/b" not in found, "... all go below", found)
    t.is_(s("RENAME other/place/below other/up").status, "OK", "... and up again")
    t.is_(s("RENAME other/up other/place").status, "OK", "... and back")
    t.is_(s("STATUS other/place/b (UIDVALIDITY UIDNEXT MESSAGES)").values("STATUS")[1], before, "... with their uids still")
    t.is_(s("RENAME nowhere x1").status, "NO", "RENAME of no folder: NO")
    t.is_(s("RENAME other/place x/y/z").status, "NO", "RENAME to what is there: NO")
    t.is_(s("RENAME other/place inbox").status, "NO", "RENAME to INBOX: NO")
    append(s, "INBOX"), append(s, "INBOX", flags="(\\Seen kw)")
    t.is_(s("RENAME inbox kept").status, "OK", "RENAME INBOX")
    t.is_(s("STATUS kept (MESSAGES UNSEEN)").values("STATUS")[1], ["MESSAGES", 2, "UNSEEN", 1], "... its messages are there")
    t.is_(s("STATUS INBOX (MESSAGES)").values("STATUS")[1], ["MESSAGES", 0], "... INBOX is empty")
    found = names(s, "*")
    t.ok("INBOX/sub" in found and "kept/sub" not in found, "... the folders below INBOX stay (6.3.5)", found)
    s("SELECT kept")
    t.is_(s("SEARCH KEYWORD kw").values("SEARCH"), [2], "... keywords too")
    t.matches(append(s, "INBOX").code, "APPENDUID", "... and INBOX goes on")
    s.close()


def subscriptions(mail, t):
    s = Imap(mail, "heidi")
    t.is_(names(s, "*", command="LSUB"), [], "LSUB: nothing")
    for name in ("INBOX", "other/place/b", "x/y/z", "&AOQ-", '"with space"'):
        t.is_(s(f"SUBSCRIBE {name}").status, "OK", f"SUBSCRIBE {name}")
    t.is_(s("SUBSCRIBE x/y/z").status, "OK", "... twice")
    t.is_(names(s, "*", command="LSUB"), sorted(["INBOX", "other/place/b", "x/y/z", "&AOQ-", "with space"]), "LSUB *")
    lines = {string(l.values[2]): l.values[0] for l in s('LSUB "" %').of("LSUB")}
    t.ok("\\Noselect" in lines.get("other", []) and "\\Noselect" in lines.get("x", []), "LSUB %: levels above are \\Noselect (6.3.9)", lines)
    t.is_(names(s, "%", "x/", "LSUB"), ["x/y"], "LSUB with a reference")
    t.is_(names(s, "inbox", command="LSUB"), ["INBOX"], "LSUB inbox")
    s("DELETE x/y/z")
    t.ok("x/y/z" in names(s, "*", command="LSUB"), "a removed folder stays subscribed (6.3.6)")
    t.is_(s("UNSUBSCRIBE x/y/z").status, "OK", "UNSUBSCRIBE")
    t.ok("x/y/z" not in names(s, "*", command="LSUB"), "... it is gone")
    t.is_(s("STATUS nowhere (MESSAGES)").status, "NO", "STATUS of no folder: NO")
    t.is_(s("STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)").status, "OK", "STATUS with all items")
    s.close()


with Postroom(24) as mail, Tap() as t:
    account(mail, "heidi")
    for story in (folders, renaming, subscriptions):
        story(mail, t)
