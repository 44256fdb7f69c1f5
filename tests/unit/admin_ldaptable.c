/* mailadm import ldap-table: ldap_table(5) to a profile, control files and sentences; without I/O. The tables are such as
   people have: of iRedMail, postfix-book, Active Directory, Kolab, qmail-ldap, requirements P. */

#include <stdlib.h>

#include "admin/ldaptable.h"
#include "admin/ldaptable_filter.h"
#include "ldapsync/profile.h"
#include "tests/check.h"

static const char *find(const char *query, text *uses)
{
  static text filter = TEXT_ZERO, error = TEXT_ZERO, again = TEXT_ZERO, none = TEXT_ZERO;

  text_clear(&filter);
  text_clear(uses);
  text_clear(&again);
  text_clear(&none);
  if (!ldaptable_filter(query, &filter, uses, &error)) return error.s;
  if (!ldaptable_filter(filter.s, &again, &none, &error) || strcmp(again.s, filter.s) || record_find(&none, "address")) return "not the same again";
  return filter.s;
}

static const char *join(const text *record)
{
  static text line = TEXT_ZERO;
  size_t at = 0, length;

  text_clear(&line);
  for (const char *one; (one = record_walk(record, &at, &length));) text_add_format(&line, "%s;", one);
  return text_string(&line);
}

static void check_filters(void)
{
  static const struct { const char *query, *filter, *uses; } table[] = {
    { "(mail=%s)", "(mail=*)", "address=mail;" },
    { "mail=%s", "(mail=*)", "address=mail;" },
    { "(mail=%u@%d)", "(mail=*@*)", "address=mail;" },
    { "(uid=%u)", "(uid=*)", "local=uid;" },
    { "(mail=*@%s)", "(mail=*@*)", "domain=mail;" },
    { "(mail=@%d)", "(mail=@*)", "catchall=mail;" },
    { "(proxyAddresses=smtp:%s)", "(proxyAddresses=smtp:*)", "address=proxyAddresses smtp:;" },
    { "(mail=%u@x.test)", "(mail=*@x.test)", "address=mail;loose=mail %u@x.test;" },
    { "(|(mail=%s)(mailAlias=%s)(mail=%s))", "(|(mail=*)(mailAlias=*)(mail=*))", "address=mail;address=mailAlias;" },
    { "(&(objectClass=person)(|(a=1)(b=2))(mail=%s))", "(&(objectClass=person)(|(a=1)(b=2))(mail=*))", "class=person;other=a=1;other=b=2;any-other=yes;address=mail;" },
    { "(&(mail=%s)(a=1)(b=2))", "(&(mail=*)(a=1)(b=2))", "address=mail;other=a=1;other=b=2;all-others=yes;" },
    { "(&(objectClass=a)(objectClass=b)(mail=%s))", "(&(objectClass=a)(objectClass=b)(mail=*))", "class=a;class=b;address=mail;all-classes=yes;" },
    { "(&(mail=%s)(!(shadowAddress=%s)))", "(&(mail=*)(objectClass=*))", "address=mail;lost=!(shadowAddress=%s);" },
    { "(&(mail=%s)(!(domainStatus=disabled)))", "(&(mail=*)(!(domainStatus=disabled)))", "address=mail;" },
    { "(&(mail=%s)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))", "(&(mail=*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))", "address=mail;" },
    { " ( & ( mail=%s ) (cn=a b*c) ) ", "(&(mail=* )(cn=a b*c))", "loose=mail %s ;other=cn=a b*c;" },
    { "(cn=100%%)", "(cn=100%)", "other=cn=100%%;" },
    { "(cn=a\\2ab)", "(cn=a\\2ab)", "other=cn=a\\2ab;" },
    { "(mail>=%s)", "(objectClass=*)", "lost=mail>=%s;" },
    { "(mail:caseExactMatch:=%s)", "(objectClass=*)", "lost=mail:caseExactMatch:=%s;" },
    { "(mail=%1.%2)", "(mail=*.*)", "loose=mail %1.%2;" },
    { "", "a term is not (ATTRIBUTE=VALUE)", 0 },
    { "(mail=%s", "a term is not (ATTRIBUTE=VALUE)", 0 },
    { "(mail=%s))", "something stands behind it", 0 },
    { "(&)", "a parenthesis is missing", 0 },
    { "(&(mail=%s)", "a parenthesis is missing", 0 },
    { "(!(a=1)(b=2))", "a parenthesis is missing", 0 },
    { "(=x)", "a term is not (ATTRIBUTE=VALUE)", 0 },
    { "(a b=x)", "a term is not (ATTRIBUTE=VALUE)", 0 },
    { "(mail=%s)(x=y)", "something stands behind it", 0 },
  };
  text uses = TEXT_ZERO, deep = TEXT_ZERO;

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    check_is(find(table[i].query, &uses), table[i].filter, table[i].query);
    if (table[i].uses) check_is(join(&uses), table[i].uses, "... what it asks about");
  }
  for (unsigned int i = 0; i < 200; i++) text_add(&deep, "(&");
  check_is(find(text_string(&deep), &uses), "parentheses are nested too deep", "200 parentheses");
  text_free(&uses);
  text_free(&deep);
}

#define HEAD "server_host = ldap.x.test\nsearch_base = dc=x\nbind_dn = cn=m,dc=x\nbind_pw = secret\nstart_tls = yes\ntls_require_cert = yes\n"
#define IRED "server_host     = 127.0.0.1:389\nversion = 3\nbind = yes\nstart_tls = no\nbind_dn = cn=vmail,dc=x\nbind_pw = p\nsearch_base = o=domains,dc=x\nscope = sub\n"

static const struct {
  const char *what;
  const char *names[4], *files[4];
  const char *lines;   /* of the profile, behind primary */
  const char *control;
  const char *notes;   /* what each of them must say, "|" between; "": there are none */
} cases[] = {
  { "one table of mailboxes", { "virtual_mailbox_maps" }, { HEAD "query_filter = (mail=%s)\nresult_attribute = mail\n" },
    "filter: (mail=*)\nkey: entryUUID\nprimary: mail\nlogin: uid\npassword: userPassword\n",
    "ldapserver=ldap.x.test;ldaptls=starttls;ldaplogin=cn=m,dc=x;ldapbasedn=dc=x;", "" },
  { "postfix-book, as docker-mailserver has it", { "users", "groups", "aliases", "domains" },
    { HEAD "query_filter = (&(mail=%s)(mailEnabled=TRUE))\nresult_attribute = mail\n", HEAD "query_filter = (&(mailGroupMember=%s)(mailEnabled=TRUE))\nresult_attribute = mail\n",
      HEAD "query_filter = (|(&(mailAlias=%s)(objectClass=PostfixBookMailForward))\n  (&(mailAlias=%s)(objectClass=PostfixBookMailAccount)(mailEnabled=TRUE)))\nresult_attribute = mail\n",
      HEAD "query_filter = (|(mail=*@%s)(mailalias=*@%s))\nresult_attribute = mail\n" },
    "filter: (&(mail=*)(mailEnabled=TRUE))\ngroup-filter: (|(&(mailAlias=*)(objectClass=PostfixBookMailForward))(&(mailAlias=*)(objectClass=PostfixBookMailAccount)(mailEnabled=TRUE)))\n"
    "key: entryUUID\nprimary: mail\nalias: mailGroupMember\nalias: mailAlias\ngroup: objectClass=PostfixBookMailForward\ngroup: objectClass=PostfixBookMailAccount\ngroup-address: mailAlias\n"
    "group-member-address: mail\nlogin: uid\npassword: userPassword\n",
    "ldapserver=ldap.x.test;ldaptls=starttls;ldaplogin=cn=m,dc=x;ldapbasedn=dc=x;", "write no-receive: mailEnabled!=TRUE|mailadm add domain" },
  { "iRedMail", { "virtual_mailbox_maps", "virtual_alias_maps", "sender_login_maps", "virtual_group_maps" },
    { IRED "query_filter = (&(objectClass=mailUser)(|(mail=%s)(shadowAddress=%s))(accountStatus=active)(!(domainStatus=disabled))(enabledService=mail)(enabledService=deliver))\n"
           "result_attribute= homeDirectory\nresult_format   = %s/Maildir/\ndebuglevel = 0\n",
      IRED "query_filter = (&(|(mail=%s)(shadowAddress=%s))(accountStatus=active)(|(objectClass=mailAlias)(&(objectClass=mailUser)(enabledService=forward))))\nresult_attribute= mailForwardingAddress\n",
      IRED "query_filter = (&(objectClass=mailUser)(accountStatus=active)(|(mail=%s)(shadowAddress=%s)))\nresult_attribute= mail\n",
      IRED "query_filter = (&(accountStatus=active)(|(&(|(memberOfGroup=%s)(shadowAddress=%s))(objectClass=mailUser))(&(memberOfGroup=%s)(!(shadowAddress=%s))(objectClass=mailAlias))))\nresult_attribute= mail\n" },
    "filter: (&(objectClass=mailUser)(|(mail=*)(shadowAddress=*))(accountStatus=active)(!(domainStatus=disabled))(enabledService=mail)(enabledService=deliver))\n", 0,
    "homeDirectory says where the mail is|no-receive: accountStatus!=active|enabledService=mail|enabledService=deliver|!(shadowAddress=%s) cannot be asked for" },
  { "Active Directory: people and groups", { "ad_virtual_mailbox_maps.cf", "ad_virtual_group_maps.cf", "ad_sender_login_maps.cf" },
    { "server_host = dc1.x.test\nserver_port = 389\nbind_dn = vmail@x.test\nbind_pw = p\nstart_tls = no\nsearch_base = dc=x,dc=test\n"
      "query_filter = (&(objectclass=person)(userPrincipalName=%s))\nresult_attribute= userPrincipalName\nresult_format = %d/%u/Maildir/\n",
      "server_host = dc1.x.test\nserver_port = 389\nbind_dn = vmail@x.test\nbind_pw = p\nstart_tls = no\nsearch_base = cn=users,dc=x,dc=test\n"
      "query_filter = (&(objectClass=group)(mail=%s))\nspecial_result_attribute = member\nleaf_result_attribute = mail\nresult_attribute= userPrincipalName\n",
      "server_host = dc1.x.test\nserver_port = 389\nbind_dn = vmail@x.test\nbind_pw = p\nstart_tls = no\nsearch_base = dc=x,dc=test\n"
      "query_filter = (|(mail=%s)(proxyAddresses=smtp:%s))\nresult_attribute= sAMAccountName\n" },
    "filter: (&(objectclass=person)(userPrincipalName=*))\ngroup-filter: (&(objectClass=group)(mail=*))\nkey: objectGUID guid\nprimary: mail\nlogin: userPrincipalName\ngroup: objectClass=group\n"
    "group-address: mail\ngroup-member: member\nsend-as: proxyAddresses smtp:\nlogin: sAMAccountName\n",
    "ldapserver=dc1.x.test:389;ldaptls=starttls;ldaplogin=vmail@x.test;ldapbasedn=dc=x,dc=test;",
    "sent the password in the clear|search_base is cn=users,dc=x,dc=test: all below dc=x,dc=test|Active Directory: the profile ad" },
  { "requirements P: who may not send", { "virtual_mailbox_maps", "ldap_sender_reject_disabled.cf" },
    { HEAD "query_filter = (mail=%s)\nresult_attribute = mail\n",
      HEAD "query_filter = (&(objectClass=inetOrgPerson)(mail=%s)(|(tnMailSendAllowed=FALSE)(tnAccountStatus=disabled)))\nresult_attribute = mail\nresult_format = REJECT\n" },
    "filter: (mail=*)\nkey: entryUUID\nprimary: mail\nno-submit: tnMailSendAllowed=FALSE\nno-submit: tnAccountStatus=disabled\nlogin: uid\npassword: userPassword\n", 0, "" },
  { "... two conditions that must hold together are said", { "virtual_mailbox_maps", "check_sender_access" },
    { HEAD "query_filter = (mail=%s)\nresult_attribute = mail\n", HEAD "query_filter = (&(mail=%s)(a=1)(b=2))\nresult_attribute = mail\n" },
    "filter: (mail=*)\nkey: entryUUID\nprimary: mail\nlogin: uid\npassword: userPassword\n", 0, "(a=1) is one of several that must hold together|(b=2)" },
  { "Postfix's defaults, forwards alone", { "ldap-aliases.cf" }, { "server_host = 127.0.0.1\nsearch_base = dc=x\n" },
    "filter: (mail=*)\ngroup-filter: (mailacceptinggeneralid=*)\nkey: entryUUID\nprimary: mail\ngroup: maildrop=*\ngroup-address: mailacceptinggeneralid\ngroup-member-address: maildrop\n"
    "login: uid\npassword: userPassword\n", "ldapserver=127.0.0.1;ldaptls=off;ldapbasedn=dc=x;", "" },
  { "several results and several kinds of members", { "virtual_mailbox_maps", "virtual_alias_maps", "ldap-groups.cf" },
    { HEAD "query_filter = (mail=%s)\nresult_attribute = mail\n", HEAD "query_filter = (|(mail=%s)(also=%s))\nresult_attribute = mail, copyTo\n",
      HEAD "query_filter = (&(objectClass=g)(mail=%s))\nspecial_result_attribute = member, uniqueMember\nresult_attribute = mail rfc822Member, more\n" },
    "filter: (mail=*)\ngroup-filter: (&(objectClass=g)(mail=*))\nkey: entryUUID\nprimary: mail\nalias: also\nforward: copyTo\nkeep: copyTo=*\ngroup: objectClass=g\ngroup-address: mail\n"
    "group-member: member\ngroup-member: uniqueMember\ngroup-member-address: rfc822Member\ngroup-member-address: more\nlogin: uid\npassword: userPassword\n", 0, "" },
  { "a group of DNs, without result_attribute", { "ldap-groups.cf" },
    { "server_host = ldaps://ldap.x.test\nbind = no\nsearch_base = ou=groups,dc=x\nquery_filter = (&(|(mail=%s)(alias=%s))(objectClass=groupofuniquenames))\nspecial_result_attribute = uniqueMember\n"
      "result_attribute =\nleaf_result_attribute = mail\nexpansion_limit = 500\n" },
    "filter: (mail=*)\ngroup-filter: (&(|(mail=*)(alias=*))(objectClass=groupofuniquenames))\nkey: entryUUID\nprimary: mail\ngroup: objectClass=groupofuniquenames\ngroup-address: mail\ngroup-address: alias\n"
    "group-member: uniqueMember\nlogin: uid\npassword: userPassword\n", "ldapserver=ldaps://ldap.x.test;ldaptls=ldaps;ldapbasedn=ou=groups,dc=x;groupmax=500;", "" },
  { "SASL EXTERNAL over ldapi, a base for each domain, one level", { "virtual_mailbox_maps" },
    { "server_host = ldapi://%2Fprivate%2Fldapi/\nsearch_base = fvd=%d,ou=virtual,dc=x\nscope = one\nbind = sasl\nsasl_mechs = EXTERNAL\n"
      "query_filter = (&(objectClass=V)(fvl=%u)(active=TRUE))\nresult_attribute = fvl\n" },
    "filter: (&(objectClass=V)(fvl=*)(active=TRUE))\nkey: entryUUID\nprimary: mail\nlogin: fvl\npassword: userPassword\n",
    "ldapserver=ldapi://%2Fprivate%2Fldapi/;ldaptls=off;ldapmechanism=external;ldapbasedn=ou=virtual,dc=x;",
    "addusers: yes|says where the mail is|active=TRUE|search_base is fvd=%d,ou=virtual,dc=x|scope = one" },
  { "what is not done is said", { "virtual_mailbox_maps" },
    { HEAD "version = 2\ndereference = 3\nchase_referrals = yes\nsize_limit = 1\nbind = sasl\nsasl_mechs = DIGEST-MD5\ntls_ca_cert_dir = /x\ntls_cert = /y\ndomain = a.test, b.test\n"
           "query_filter = (mail=%s)\nresult_attribute = mail\n" },
    0, 0, "domain = a.test, b.test|tls_ca_cert_dir|tls_cert|DIGEST-MD5|version = 2|dereference = 3|chase_referrals|size_limit" },
  { "what no profile says", { "virtual_mailbox_maps", "transport_maps", "recipient_bcc_maps_user.cf" },
    { HEAD "query_filter = (mail=%s)\nresult_attribute = mail\n", HEAD "query_filter = (mail=%s)\nresult_attribute = transport\n", HEAD "query_filter = (mail=%s)\nresult_attribute = bcc\n" },
    "filter: (mail=*)\nkey: entryUUID\nprimary: mail\nlogin: uid\npassword: userPassword\n", 0, "control/relayrules|control/relayrules" },
};

static bool parse_profile(const char *profile)
{
  struct profile p = PROFILE_ZERO;
  text error = TEXT_ZERO;
  bool good = profile_parse(&p, "made", profile, strlen(profile), &error);

  if (!good) printf("# %s\n", error.s);
  profile_close(&p);
  text_free(&error);
  return good;
}

/* Each part between the bars, in one of the notes, and as many as there are. */
static void check_notes(const text *notes, const char *expected)
{
  size_t said = 0, wanted = 0;

  for (size_t at = 0; at < notes->len; at += strlen(notes->s + at) + 1) said++;
  for (const char *part = expected; *part; wanted++) {
    size_t length = strcspn(part, "|");
    if (!memmem(notes->s ? notes->s : "", notes->len, part, length)) check(false, "what is said"), printf("# not said: %.*s\n", (int)length, part);
    part += length + (part[length] != 0);
  }
  if (!check(said == wanted, "... and as many sentences"))
    for (size_t at = 0; at < notes->len; at += strlen(notes->s + at) + 1) printf("# %s\n", notes->s + at);
}

static void check_case(size_t n)
{
  struct ldaptable tables[4];
  struct ldaptable_result r = LDAPTABLE_RESULT_ZERO;
  text error = TEXT_ZERO;
  size_t count = 0;

  for (; count < 4 && cases[n].names[count]; count++) {
    const char *name = cases[n].names[count];
    tables[count] = (struct ldaptable)LDAPTABLE_ZERO;
    if (!ldaptable_parse(&tables[count], name, cases[n].files[count], strlen(cases[n].files[count]), &error)) printf("# %s\n", error.s);
    tables[count].role = ldaptable_role(name, strlen(name));
    if (!tables[count].role) tables[count].role = ldaptable_guess(&tables[count]);
  }
  check(ldaptable_convert(tables, count, &r, &error), cases[n].what);
  check(parse_profile(text_string(&r.profile)), "... it is a profile");
  if (cases[n].lines) {
    const char *behind = strchr(r.profile.s, '\n') + 1;
    if (strstr(cases[n].lines, "primary:")) check_is(behind, cases[n].lines, "... its lines");
    else check(!strncmp(behind, cases[n].lines, strlen(cases[n].lines)), "... its filter");
  }
  if (cases[n].control) check_is(join(&r.control), cases[n].control, "... the control files");
  check_notes(&r.notes, cases[n].notes);
  for (size_t i = 0; i < count; i++) ldaptable_free(&tables[i]);
  ldaptable_result_free(&r);
  text_free(&error);
}

static void check_files(void)
{
  static const struct { const char *bytes, *error, *what; } table[] = {
    { "# x\n\nserver_host = a\n  b\n# y\n  c\nquery_filter = (mail=%s)\nserver_host=d\n", "", "continued lines; of two the last one counts" },
    { "server_host\n", "line 1: not NAME = VALUE", "no =" },
    { "a = b\n= x\n", "line 2: not NAME = VALUE", "no name" },
    { "query_filter = (mail=%s\n", "query_filter: a term is not (ATTRIBUTE=VALUE)", "half a filter" },
    { "myhostname = x\nldapvirtual_query_filter = (mail=%s)\n", "this is main.cf: write the parameters of each ldap: source into a file of its own, without the name in front (server_host = ..., query_filter = ...)",
      "the parameters in main.cf" },
    { "server host = x\n", "", "white space in a name does not count" },
  };

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    struct ldaptable t = LDAPTABLE_ZERO;
    text error = TEXT_ZERO;
    ldaptable_parse(&t, "f", table[i].bytes, strlen(table[i].bytes), &error);
    check_is(text_string(&error), table[i].error, table[i].what);
    if (!i) check_is(ldaptable_get(&t, "server-host"), "d", "... it does");
    if (!i) check_is(ldaptable_get(&t, "result-attribute"), "maildrop", "... Postfix's default");
    ldaptable_free(&t);
    text_free(&error);
  }
}

static void check_unknown(void)
{
  struct ldaptable t = LDAPTABLE_ZERO;
  struct ldaptable_result r = LDAPTABLE_RESULT_ZERO;
  text error = TEXT_ZERO;

  ldaptable_parse(&t, "x.cf", "", 0, &error);
  t.role = ldaptable_guess(&t);
  check(!ldaptable_convert(&t, 1, &r, &error) && !strncmp(error.s, "x.cf: what is it for? Say it as main.cf does: virtual_alias_maps=x.cf", 60), "a table that says nothing of what it is for");
  ldaptable_free(&t);
  ldaptable_result_free(&r);
  text_free(&error);
}

int main(void)
{
  check_filters();
  check_files();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(i);
  check_unknown();
  return check_done();
}
