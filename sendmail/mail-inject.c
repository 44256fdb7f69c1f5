/* mail-inject: sendmail, mailq and newaliases for the people and programs of this host, by the name it is called with.

   Reads a message on fd 0 and gives it to smtp-receive -r inject over run/inject, which knows the caller by his uid. Runs
   as whoever calls it, and is not setuid; writes nothing but an unnamed temporary file for a large message. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/home.h"
#include "lib/user.h"
#include "sendmail/client.h"

const char *PROG = "mail-inject";

struct caller {
  text name, full_name;
  text domain; /* control/defaultdomain */
};

static int fail(int code, const char *what)
{
  strerr_warnw(what);
  return code;
}

static void find_caller(struct caller *c, const struct sendmail_options *o)
{
  text me = TEXT_ZERO;

  user_name(getuid(), &c->name, &c->full_name);
  if (o->full_name) text_copy(&c->full_name, o->full_name);
  text_string(&c->full_name);
  if (!conf_value("defaultdomain", &c->domain, "")) {
    conf_me(&me);
    text_copy(&c->domain, me.s);
  }
  text_string(&c->domain);
  text_free(&me);
}

/* -f, or the caller. "" and "<>" are the null sender. */
static int find_sender(const struct sendmail_options *o, const struct caller *c, struct sendmail_recipients *sender)
{
  const char *given = o->sender ? o->sender : c->name.s;
  text error = TEXT_ZERO;
  int code = EX_OK;

  if (!*given || !strcmp(given, "<>"))
    text_add_char(&sender->strings, 0);
  else if (!sendmail_addresses_add(sender, given, strlen(given), c->domain.s, &error) || sender->count != 1)
    code = fail(EX_USAGE, "the sender (-f) is not one address");
  text_free(&error);
  return code;
}

static int find_recipients(const struct sendmail_options *o, const text *header, const struct caller *c,
                           struct sendmail_recipients *all)
{
  text error = TEXT_ZERO;
  bool good = true;
  int code = EX_OK;

  for (const char *const *one = o->recipients; good && *one; one++)
    good = sendmail_addresses_add(all, *one, strlen(*one), c->domain.s, &error);
  if (good && o->reads_recipients) good = sendmail_header_recipients(header, all, c->domain.s, &error);
  if (!good)
    code = fail(EX_DATAERR, text_string(&error));
  else if (!all->count)
    code = fail(EX_USAGE, o->reads_recipients ? "no recipients, neither in the header (To, Cc, Bcc) nor on the command line"
                                              : "no recipients on the command line; -t takes those of the header");
  text_free(&error);
  return code;
}

static int read_message(const struct sendmail_options *o, struct sendmail_input *input)
{
  input->ignores_dots = o->ignores_dots;
  input->size_max = conf_number("databytes", 52428800, UINT64_MAX);
  switch (sendmail_input_read(input, 0)) {
  case SENDMAIL_INPUT_BROKEN: strerr_warnwu("read the message from standard input, or keep it in a temporary file"); return EX_IOERR;
  case SENDMAIL_INPUT_TOO_BIG: return fail(EX_DATAERR, "the message is larger than control/databytes allows, or its header is over 16 MiB");
  case SENDMAIL_INPUT_DONE: break;
  }
  return EX_OK;
}

static void make_header(const struct sendmail_input *input, const char *sender, const struct caller *c, text *header)
{
  text daemon = TEXT_ZERO;

  text_add(&daemon, "MAILER-DAEMON@");
  text_add_text(&daemon, &c->domain);
  const struct sendmail_from from = { .address = *sender ? sender : text_string(&daemon),
                                      .name = *sender ? c->full_name.s : "Mail Delivery System" };
  sendmail_header_format(&input->header, &from, header);
  text_free(&daemon);
}

static int send_message(const struct sendmail_options *o)
{
  struct caller caller = { TEXT_ZERO, TEXT_ZERO, TEXT_ZERO };
  struct sendmail_recipients sender = SENDMAIL_RECIPIENTS_ZERO, recipients = SENDMAIL_RECIPIENTS_ZERO;
  struct sendmail_input input = SENDMAIL_INPUT_ZERO;
  struct sendmail_job job = { .options = o, .recipients = &recipients };

  find_caller(&caller, o);
  int code = find_sender(o, &caller, &sender);
  if (code == EX_OK && o->mode == SENDMAIL_SEND) code = read_message(o, &input);
  if (code == EX_OK) code = find_recipients(o, &input.header, &caller, &recipients);
  if (code != EX_OK) return code;
  job.sender = sender.strings.s;
  if (o->mode == SENDMAIL_SEND) {
    make_header(&input, job.sender, &caller, &job.header);
    job.input = &input;
  }
  return sendmail_run(&job);
}

/* Becomes another program of HOME/bin. */
static int become(const char *const *words)
{
  execv(words[0], (char *const *)words);
  strerr_warnwu("execute ", words[0]);
  return EX_OSFILE;
}

static int list_queue(void)
{
  static const char *const words[] = { "bin/qstat", "--mailq", 0 };

  if (access("queue/new", R_OK | X_OK) == -1)
    return fail(EX_NOPERM, "only root and mail-send may look into the queue: run it as root (sudo mailq)");
  return become(words);
}

static int flush_queue(const struct sendmail_options *o)
{
  const char *const all[] = { "bin/qctl", "retry", "--all", 0 }, *const one[] = { "bin/qctl", "retry", o->flush_id, 0 };

  if (getuid()) return fail(EX_NOPERM, "only root may have the queue tried now: ask root for sendmail -q, or wait: each message "
                                       "is tried again by itself");
  return become(o->flush_id ? one : all);
}

static int build_aliases(void)
{
  static const char *const words[] = { "bin/tables-build", 0 };

  if (!getuid()) return become(words);
  strerr_warnw("there is no file of aliases; root's newaliases publishes the addresses of the directory and of control/addresses");
  return EX_OK;
}

static int run(const struct sendmail_options *o)
{
  home_enter();
  switch (o->mode) {
  case SENDMAIL_SEND:
  case SENDMAIL_VERIFY: return send_message(o);
  case SENDMAIL_SESSION: return sendmail_pass_through();
  case SENDMAIL_LIST: return list_queue();
  case SENDMAIL_FLUSH: return flush_queue(o);
  case SENDMAIL_ALIASES: return build_aliases();
  }
  return EX_SOFTWARE;
}

/* The callers of sendmail know the codes of sysexits.h; what ends by lib/die has others. */
static int as_sysexit(int status)
{
  if (!WIFEXITED(status)) return EX_TEMPFAIL;
  switch (WEXITSTATUS(status)) {
  case END_NO: return EX_UNAVAILABLE;
  case END_PERMANENT: return EX_CONFIG;
  case END_TEMPORARY: return EX_TEMPFAIL;
  default: return WEXITSTATUS(status);
  }
}

int main(int argc, char **argv)
{
  struct sendmail_options options;
  text error = TEXT_ZERO;
  pid_t parent = getpid(), child;
  int status = 0;

  if (argc && argv[0]) PROG = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  if (!argc || !sendmail_options_parse(&options, PROG, argc, argv, &error)) return fail(EX_USAGE, text_string(&error));
  child = fork();
  if (child == -1) {
    strerr_warnwu("start a process");
    return EX_OSERR;
  }
  if (!child) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) return EX_TEMPFAIL;
    return run(&options);
  }
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) continue;
  return as_sysexit(status);
}
