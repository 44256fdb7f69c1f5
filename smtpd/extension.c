#include <time.h>

#include "lib/conf.h"
#include "lib/date.h"
#include "smtpd/commands.h"
#include "smtpd/extension.h"

enum { LIMIT_MAX = 999999 }; /* RFC 9422 3: six digits, and no 0 */
enum { HOLD_SECONDS = 2592000, HOLD_SECONDS_MAX = 999999999 }; /* 30 days; RFC 4865 4.1: nine digits */

uint64_t session_hold_max(void) { return conf_number("holdmax", HOLD_SECONDS, HOLD_SECONDS_MAX); }

static void add_size(const struct session *s, text *line) { text_add_number(line, s->settings.size_max); }

static void add_mechanisms(const struct session *s, text *line)
{
  struct mechanisms m = session_mechanisms(s);

  mechanisms_add(&m, "", line);
}

/* RFC 9422 4: control/maxrcptcount. Messages of a session are not counted. */
static void add_limits(const struct session *s, text *line)
{
  text_add(line, "RCPTMAX=");
  text_add_number(line, s->settings.recipients_max);
}

/* RFC 4865 4: how far ahead, and until when that is. */
static void add_hold(const struct session *s, text *line)
{
  uint64_t max = session_hold_max();

  (void)s;
  text_add_number(line, max);
  text_add_char(line, ' ');
  date_add_internet(line, (uint64_t)time(0) + max);
}

/* In the order of the answer to EHLO. HELP is always there, and the last. */
static const struct {
  enum role_extension extension;
  const char *keyword;
  void (*add)(const struct session *s, text *line); /* what stands behind the keyword */
} lines[] = {
  { EXTENSION_PIPELINING, "PIPELINING", 0 },
  { EXTENSION_SIZE, "SIZE ", add_size },
  { EXTENSION_STARTTLS, "STARTTLS", 0 },
  { EXTENSION_AUTH, "AUTH ", add_mechanisms },
  { EXTENSION_AUTH, "AUTH=", add_mechanisms }, /* what clients before RFC 2554 look for (P-28) */
  { EXTENSION_8BITMIME, "8BITMIME", 0 },
  { EXTENSION_STATUS, "ENHANCEDSTATUSCODES", 0 },
  { EXTENSION_SMTPUTF8, "SMTPUTF8", 0 },
  { EXTENSION_CHUNKING, "CHUNKING", 0 },
  { EXTENSION_DSN, "DSN", 0 },
  { EXTENSION_LIMITS, "LIMITS ", add_limits },
  { EXTENSION_REQUIRETLS, "REQUIRETLS", 0 },
  { EXTENSION_FUTURERELEASE, "FUTURERELEASE ", add_hold },
  { EXTENSION_PRIORITY, "MT-PRIORITY", 0 },
  { EXTENSION_HELP, "HELP", 0 },
};

/* To strangers no report of success is promised, unless control/dsnmx says so (S-30). */
static bool offers_dsn(struct session *s)
{
  return s->role->policy != POLICY_MX || conf_is_yes("dsnmx", false) || s->mail.standing.is_trusted;
}

void session_choose_extensions(struct session *s)
{
  unsigned int offered = s->role->extensions;

  if (!session_offers_tls(s)) offered &= ~(unsigned int)EXTENSION_STARTTLS;
  if (!session_offers_auth(s)) offered &= ~(unsigned int)EXTENSION_AUTH;
  if (!session_is_tls(s)) offered &= ~(unsigned int)EXTENSION_REQUIRETLS; /* RFC 8689 4 */
  if ((offered & EXTENSION_DSN) && !offers_dsn(s)) offered &= ~(unsigned int)EXTENSION_DSN;
  if ((offered & EXTENSION_FUTURERELEASE) && !session_hold_max()) offered &= ~(unsigned int)EXTENSION_FUTURERELEASE;
  if (!s->settings.recipients_max || s->settings.recipients_max > LIMIT_MAX) offered &= ~(unsigned int)EXTENSION_LIMITS;
  s->extensions = offered;
}

void session_check_extensions(void)
{
  session_hold_max();
  conf_is_yes("dsnmx", false);
}

void session_list_extensions(struct session *s)
{
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    if (!(lines[i].extension & s->extensions)) continue;
    text_add(&s->output, lines[i].extension == EXTENSION_HELP ? "250 " : "250-");
    text_add(&s->output, lines[i].keyword);
    if (lines[i].add) lines[i].add(s, &s->output);
    reply(s, "");
  }
}
