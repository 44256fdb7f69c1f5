/* mailadm: domains, accounts, addresses, groups and public mailboxes, from the command line (W-16, W-17, W-18).

   add writes one file (control/domains/D, directory/USER@D.ldif, ...), delete removes it or an entry; then bin/tables-build runs, so
   that it works at once. list reads the published tables. Runs as root, or as the owner of a private home. */

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "admin/accounts.h"
#include "admin/addresses.h"
#include "admin/adopt.h"
#include "admin/apppasswords.h"
#include "admin/guessing.h"
#include "admin/import.h"
#include "admin/import_ldap.h"
#include "admin/limits.h"
#include "admin/links.h"
#include "admin/listing.h"
#include "admin/master.h"
#include "admin/orphans.h"
#include "admin/quotas.h"
#include "admin/rebuild.h"
#include "admin/relayrules.h"
#include "admin/removal.h"
#include "lib/address.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/options.h"

/* A line for each way to call it. */
#define OR "\n       mailadm "
#define USAGE \
  "mailadm add domain DOMAIN" \
  OR "add account USER@DOMAIN" \
  OR "add address|alias ADDRESS DESTINATION..." \
  OR "add group NAME MEMBER..." \
  OR "add public NAME [ WHO[=RIGHTS] ... ]" \
  OR "apppassword add USER SERVICES NAME" \
  OR "apppassword list USER [ --json ]" \
  OR "apppassword delete USER NAME" \
  OR "passwd USER" \
  OR "passwd --link" \
  OR "link USER [ --given ] [ --reset ]" \
  OR "master vmail" \
  OR "import users|virtual|domains|mailboxes FILE [ --skip ]" \
  OR "import aliases FILE DOMAIN [ --skip ]" \
  OR "import passwd FILE DOMAIN [ SHADOW ]" \
  OR "import ldap-table [ROLE=]FILE... [ --print ]" \
  OR "adopt USER [ FOLDER ]" \
  OR "adopt --all" \
  OR "delete domain|account NAME [ --yes ] [ --purge ]" \
  OR "delete address|alias ADDRESS" \
  OR "delete group NAME" \
  OR "add relayrule NAME KEY=VALUE..." \
  OR "set relayrule NAME [ KEY=VALUE... ] [ --password ]" \
  OR "enable|disable|delete relayrule NAME" \
  OR "list domains|accounts|addresses|aliases|groups|links|orphans|quotas|relayrules|dns [ --json ]" \
  OR "limits list" \
  OR "limits clear KEY|all" \
  OR "auth" \
  OR "auth show NAME|NETWORK" \
  OR "auth clear NAME|NETWORK|all"

static _Noreturn void refuse_use(int argc, const char *const *argv)
{
  bool is_account = argc > 4 && !strcmp(argv[1], "add") && !strcmp(argv[2], "account"), is_passwd = argc > 3 && !strcmp(argv[1], "passwd");

  if (is_account || is_passwd)
    die_permanent("the password is read from fd 0, one line: on the command line all users of this host can see it, and the shell keeps it. ",
                  "If that was a real one, take another: mailadm ", is_passwd ? "passwd USER" : "add account USER@DOMAIN", " asks for it"); /* W-17 */
  die_usage(USAGE);
}

/* A-label form, in lower case. */
static void check_domain(const char *name, text *domain)
{
  if (!domain_fold(name, strlen(name), domain)) die_permanent(name, " is no domain name (letters, digits, '-' and '.', or those of other languages)");
  if (!strchr(text_string(domain), '.')) die_permanent(name, " has no dot: give the full domain name");
}

static void add_domain(const char *const *arguments, bool is_json)
{
  text domain = TEXT_ZERO, nothing = TEXT_ZERO;

  (void)is_json;
  check_domain(arguments[0], &domain);
  if (admin_accounts_have_domain(domain.s)) die_permanent("mail_domain_already_exists: the domain ", domain.s, " exists already"); /* N-16 */
  rebuild_create("domains", domain.s, &nothing, "the domain");
  rebuild_tables("the domain");
  text_free(&domain);
}

static void list_limits(const char *const *arguments, bool is_json)
{
  (void)arguments;
  (void)is_json;
  admin_limits_list();
}

static void clear_limits(const char *const *arguments, bool is_json)
{
  (void)is_json;
  admin_limits_clear(arguments[0]);
}

static const struct {
  const char *verb, *thing; /* thing 0: there is none */
  void (*run)(const char *const *arguments, bool is_json);
  int least, most; /* arguments */
} commands[] = {
  { "add", "domain", add_domain, 1, 1 },
  { "add", "account", admin_accounts_add, 1, 1 },
  { "add", "address", addresses_add, 2, INT_MAX },
  { "add", "group", addresses_add_group, 2, INT_MAX },
  { "add", "public", addresses_add_public, 1, INT_MAX },
  { "add", "alias", addresses_add, 2, INT_MAX }, /* S-12 */
  { "link", 0, links_make, 1, 1 },
  { "adopt", 0, adopt_run, 0, 2 },
  { "import", "ldap-table", import_ldap_run, 1, INT_MAX },
  { "import", 0, import_run, 2, 4 },
  { "passwd", 0, admin_accounts_passwd, 1, 1 },
  { "delete", "domain", removal_domain, 1, 1 },
  { "delete", "account", removal_account, 1, 1 },
  { "delete", "address", addresses_delete, 1, 1 },
  { "delete", "alias", addresses_delete, 1, 1 },
  { "delete", "group", addresses_delete_group, 1, 1 },
  { "list", "domains", listing_domains, 0, 0 },
  { "list", "accounts", listing_accounts, 0, 0 },
  { "list", "addresses", listing_addresses, 0, 0 },
  { "list", "aliases", listing_aliases, 0, 0 },
  { "list", "orphans", orphans_list, 0, 0 },
  { "list", "links", links_list, 0, 0 },
  { "list", "quotas", quotas_list, 0, 0 },
  { "list", "groups", listing_groups, 0, 0 },
  { "list", "dns", listing_dns, 0, 0 },
  { "add", "relayrule", relayrules_add, 2, INT_MAX },
  { "set", "relayrule", relayrules_set, 1, INT_MAX },
  { "enable", "relayrule", relayrules_enable, 1, 1 },
  { "disable", "relayrule", relayrules_disable, 1, 1 },
  { "delete", "relayrule", relayrules_delete, 1, 1 },
  { "list", "relayrules", relayrules_list, 0, 0 },
  { "apppassword", "add", apppasswords_add, 3, 3 },
  { "apppassword", "list", apppasswords_list, 1, 1 },
  { "apppassword", "delete", apppasswords_delete, 2, 2 },
  { "master", "vmail", master_vmail, 0, 0 },
  { "auth", "show", guessing_show, 1, 1 },
  { "auth", "clear", guessing_clear, 1, 1 },
  { "auth", 0, guessing_list, 0, 0 },
  { "limits", "list", list_limits, 0, 0 },
  { "limits", "clear", clear_limits, 1, 1 },
};

int main(int argc, const char **argv)
{
  bool is_json = false;
  const struct option_word words[] = { { "--json", &is_json }, { "--yes", &removal_is_sure }, { "--purge", &removal_purges }, { "--skip", &import_skips }, { "--print", &import_ldap_prints }, { "--all", &adopt_all }, { "--link", &links_is_wanted }, { "--given", &links_is_given }, { "--reset", &links_resets }, { "--password", &relayrules_asks }, { 0, 0 } };

  PROG = "mailadm";
  argc = options_read(argv, words, USAGE);
  if (argc == 2 && !strcmp(argv[1], "passwd") && links_is_wanted) {
    home_enter();
    links_passwd(argv + 2, false);
    return END_DONE;
  }
  for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof *commands; i++) {
    int words_count = commands[i].thing ? 3 : 2;
    if (strcmp(argv[1], commands[i].verb) || (commands[i].thing && argc < words_count) || (commands[i].thing && strcmp(argv[2], commands[i].thing))) continue;
    if (argc - words_count < commands[i].least || argc - words_count > commands[i].most || (is_json && strcmp(commands[i].verb, "list") && commands[i].run != apppasswords_list) ||
        ((removal_is_sure || removal_purges) && commands[i].run != removal_domain && commands[i].run != removal_account) ||
        (import_skips && commands[i].run != import_run) || (adopt_all && commands[i].run != adopt_run) || (import_ldap_prints && commands[i].run != import_ldap_run) || ((links_is_given || links_resets) && commands[i].run != links_make) || links_is_wanted ||
        (relayrules_asks && commands[i].run != relayrules_set))
      break;
    import_start = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    home_enter();
    commands[i].run(argv + words_count, is_json);
    return END_DONE;
  }
  refuse_use(argc, argv);
}
