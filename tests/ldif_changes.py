"""state/directory/ldap.ldif as a reader takes it (ldapsync/changes.h): a full pass, and batches of changes behind it."""


def entries(words):
    """What counts: the LDIF of each entry, by its first line, the dn. What is behind the last whole batch does not."""
    full, *batches = words.split("\n\n# changes\n", 1)
    changes = batches[0].rsplit("# end of changes\n", 1)[0] if batches and "# end of changes\n" in batches[0] else ""
    found = {}
    for record in (full + "\n\n" + changes).replace("\n ", "").split("\n\n"):
        lines = [line for line in record.splitlines() if not line.startswith(("#", "version:"))]
        if len(lines) > 1 and lines[1] == "changetype: delete":
            found.pop(lines[0], None)
        elif lines:
            found[lines[0]] = lines[1:]
    return found


def has_grown(words):
    return "\n\n# changes\n" in words
