#include "lib/mechanisms.h"

#include <string.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/fingerprint.h"

bool mechanisms_take_tokens(void)
{
  text ignored = TEXT_ZERO;
  bool is_there = conf_value("oauth", &ignored, "");

  text_free(&ignored);
  return is_there;
}

static bool always(const struct mechanisms *m)
{
  (void)m;
  return true;
}

static bool has_keys(const struct mechanisms *m) { return tables_offer_scram(m->policy); }
static bool has_sha1(const struct mechanisms *m) { return tables_offer_scram_sha1(m->policy); }
static bool may_bind_sha1(const struct mechanisms *m) { return m->bindings->len && has_sha1(m); }
static bool may_bind(const struct mechanisms *m) { return m->bindings->len && has_keys(m); }

static bool takes_tokens(const struct mechanisms *m)
{
  (void)m;
  return mechanisms_take_tokens();
}

static bool has_certificate(struct tables *policy, const char *fingerprint)
{
  text record = TEXT_ZERO, login = TEXT_ZERO;

  text_add_format(&login, FINGERPRINT_LOGIN "%s", fingerprint);
  bool has = tables_open(policy, "policy") && (tables_find(policy, "certificate", fingerprint, &record) == LOOKUP_FOUND ||
                                               tables_find(policy, "login", text_string(&login), &record) == LOOKUP_FOUND);
  text_free(&record);
  text_free(&login);
  return has;
}

/* Also of one whose authority is believed it is not sure that it is somebody's; but people have no others. */
static bool knows_certificate(const struct mechanisms *m)
{
  return m->certificate->identity && (m->certificate->is_vouched || has_certificate(m->policy, m->certificate->fingerprint.s));
}

bool mechanisms_want_certificate(struct tables *policy) { return !access(SECURE_AUTHORITIES, F_OK) || has_certificate(policy, "*"); }

static const struct {
  const char *name;
  bool (*is_offered)(const struct mechanisms *m);
} all[] = {
  { "PLAIN", always },
  { "LOGIN", always },
  { "SCRAM-SHA-256", has_keys },
  { "SCRAM-SHA-256-PLUS", may_bind },
  { "SCRAM-SHA-1", has_sha1 },
  { "SCRAM-SHA-1-PLUS", may_bind_sha1 },
  { "OAUTHBEARER", takes_tokens },
  { "XOAUTH2", takes_tokens },
  { "EXTERNAL", knows_certificate },
};

void mechanisms_add(const struct mechanisms *m, const char *prefix, text *line)
{
  const char *between = "";

  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (!all[i].is_offered(m)) continue;
    text_add(line, between);
    text_add(line, prefix);
    text_add(line, all[i].name);
    between = " ";
  }
}

bool mechanisms_has(const struct mechanisms *m, const char *name)
{
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(all[i].name, name)) return all[i].is_offered(m);
  return false;
}
