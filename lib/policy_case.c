#include "lib/policy_case.h"

#include <string.h>

#include "lib/conf.h"

static const struct policy_port ports[] = {
  { "25", "mx", POLICY_MX, false },
  { "587", "submission, encrypted", POLICY_SUBMISSION, true },
  { "465", "submissions", POLICY_SUBMISSION, true },
  { "10587", "internal", POLICY_SUBMISSION, true },
  { "24", "lmtp", POLICY_LMTP, false },
};

const struct policy_port *policy_port_find(const char *number)
{
  for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
    if (!strcmp(ports[i].number, number)) return &ports[i];
  return 0;
}

void policy_case_free(struct policy_case *c)
{
  text_free(&c->me);
  text_free(&c->postmaster);
  text_free(&c->order);
  text_free(&c->always_bcc);
  text_free(&c->login);
  text_free(&c->login_mailbox);
  text_free(&c->login_backend);
  text_free(&c->standing.backend);
}

void policy_case_control(struct policy_case *c, const struct policy_port *port, struct policy_facts *facts)
{
  conf_me(&c->me);
  policy_postmaster(&c->postmaster);
  policy_relay_order(&c->order);
  policy_always_bcc(&c->always_bcc);
  facts->role = port->policy;
  if (port->is_private) facts->is_tls = true;
  facts->spoof_mx = port->policy == POLICY_MX && policy_spoof_mx();
  facts->delimiter = policy_delimiter();
  facts->relay_order = c->order.s;
  facts->always_bcc = c->always_bcc.s;
  facts->me = text_string(&c->me);
  facts->postmaster = text_string(&c->postmaster);
}

enum lookup_result policy_case_login(struct policy_case *c, struct tables *tables, const char *login, struct policy_facts *facts)
{
  text record = TEXT_ZERO;

  text_copy(&c->login, login);
  login_fold(&c->login);
  enum lookup_result result = tables_find(tables, "login", text_string(&c->login), &record);
  if (result == LOOKUP_FOUND) {
    text_copy(&c->login_mailbox, record_get(&record, "mailbox"));
    text_copy(&c->login_backend, record_get(&record, "backend"));
    if (c->login_mailbox.len) facts->mailbox = text_string(&c->login_mailbox);
    facts->backend = text_string(&c->login_backend);
    if (facts->mailbox && tables_find(tables, "mailbox", facts->mailbox, &record) == LOOKUP_FOUND && *record_get(&record, "name"))
      text_copy(&c->login, record_get(&record, "name"));
    facts->login = text_string(&c->login);
    facts->enforce_sender = policy_enforce_sender();
    facts->enforce_from = policy_enforce_from();
    facts->is_directory_old = policy_directory_is_old();
  }
  text_free(&record);
  return result;
}

bool policy_case_address(struct address *a, const char *string, bool *is_null)
{
  text path = TEXT_ZERO;
  size_t used;

  text_add(&path, *string == '<' ? string : "<");
  if (*string != '<') {
    text_add(&path, string);
    text_add_char(&path, '>');
  }
  enum address_result result = address_parse_path(a, path.s, path.len, &used);
  *is_null = result == ADDRESS_NULL;
  bool good = result >= ADDRESS_NULL && used == path.len;
  text_free(&path);
  return good;
}
