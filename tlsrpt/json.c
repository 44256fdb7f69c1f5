#include "tlsrpt/json.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/date.h"
#include "lib/json.h"

void tlsrpt_contact(text *address)
{
  conf_address("tlsreportcontact", "me", address, "postmaster");
  text_string(address);
}

void tlsrpt_submitter(text *domain)
{
  text address = TEXT_ZERO;
  const char *at;

  tlsrpt_contact(&address);
  at = strrchr(address.s, '@');
  text_copy(domain, at ? at + 1 : "");
  text_lower(domain);
  text_string(domain);
  text_free(&address);
}

void tlsrpt_report_name(const struct tlsrpt_report *r, text *name)
{
  text submitter = TEXT_ZERO;

  tlsrpt_submitter(&submitter);
  text_copy(name, r->name.len ? r->name.s : "preview");
  text_add_char(name, '@');
  text_add_text(name, &submitter);
  text_string(name);
  text_free(&submitter);
}

void tlsrpt_report_file(const struct tlsrpt_report *r, text *name)
{
  tlsrpt_submitter(name);
  text_add_format(name, "!%s!%llu!%llu!%s", r->domain.s, (unsigned long long)r->begin, (unsigned long long)r->end - 1, r->name.s);
  text_string(name);
}

static void add_date(text *json, const char *key, uint64_t seconds)
{
  text date = TEXT_ZERO;

  date_add_internet(&date, seconds);
  json_pair(json, key, text_string(&date));
  text_free(&date);
}

/* Strings, each ended by a NUL. */
static void add_list(text *json, const char *key, const char *strings, size_t length)
{
  json_key(json, key);
  text_add_char(json, '[');
  for (const char *at = strings; at < strings + length; at += strlen(at) + 1) {
    if (at > strings) text_add_char(json, ',');
    json_string(json, at);
  }
  text_add_char(json, ']');
}

static void add_known(text *json, const char *key, const char *value)
{
  if (*value) json_pair(json, key, value);
}

static void add_failure(text *json, const struct tlsrpt_failure *f)
{
  text_add_char(json, '{');
  json_pair(json, "result-type", f->result);
  add_known(json, "sending-mta-ip", f->source);
  add_known(json, "receiving-mx-hostname", f->host);
  add_known(json, "receiving-mx-helo", f->helo);
  add_known(json, "receiving-ip", f->ip);
  json_number(json, "failed-session-count", f->count);
  add_known(json, "additional-information", f->information);
  add_known(json, "failure-reason-code", f->reason);
  text_add_char(json, '}');
}

static void add_failures(struct tlsrpt_store *s, const struct tlsrpt_policy *p, text *json)
{
  struct tlsrpt_failure f = { .id = 0 };

  json_key(json, "failure-details");
  text_add_char(json, '[');
  for (bool is_first = true; tlsrpt_store_next_failure(s, p, &f); is_first = false) {
    if (!is_first) text_add_char(json, ',');
    add_failure(json, &f);
  }
  text_add_char(json, ']');
}

/* A policy without its lines could not be had, or is the sum of those that were too many. */
static void add_policy(struct tlsrpt_store *s, const struct tlsrpt_report *r, const struct tlsrpt_policy *p, text *json)
{
  text_add(json, "{\"policy\":{");
  json_pair(json, "policy-type", p->type);
  if (p->lines_length) add_list(json, "policy-string", p->lines, p->lines_length);
  json_pair(json, "policy-domain", r->domain.s);
  if (p->patterns_length) add_list(json, "mx-host", p->patterns, p->patterns_length);
  text_add(json, "},\"summary\":{");
  json_number(json, "total-successful-session-count", p->good);
  json_number(json, "total-failure-session-count", p->bad);
  text_add_char(json, '}');
  if (p->bad) add_failures(s, p, json);
  text_add_char(json, '}');
}

void tlsrpt_json(struct tlsrpt_store *s, const struct tlsrpt_report *r, text *json)
{
  struct tlsrpt_policy p = { .id = 0 };
  text value = TEXT_ZERO, submitter = TEXT_ZERO;

  text_add_char(json, '{');
  tlsrpt_submitter(&submitter);
  conf_value("tlsreportorg", &value, submitter.s);
  json_pair(json, "organization-name", text_string(&value));
  json_key(json, "date-range");
  text_add_char(json, '{');
  add_date(json, "start-datetime", r->begin);
  add_date(json, "end-datetime", r->end - 1);
  text_add_char(json, '}');
  tlsrpt_contact(&value);
  json_pair(json, "contact-info", value.s);
  tlsrpt_report_name(r, &value);
  json_pair(json, "report-id", value.s);
  json_key(json, "policies");
  text_add_char(json, '[');
  for (bool is_first = true; tlsrpt_store_next_policy(s, r, &p); is_first = false) {
    if (!is_first) text_add_char(json, ',');
    add_policy(s, r, &p, json);
  }
  text_add(json, "]}");
  text_free(&value);
  text_free(&submitter);
}
