/* queue/select: which messages an operator means (N-71, N-72). */

#include "queue/select.h"
#include "tests/check.h"

static void check_ages(void)
{
  static const struct { const char *value; bool is_good; uint64_t seconds; } cases[] = {
    { "0", true, 0 }, { "90", true, 90 }, { "90s", true, 90 }, { "15m", true, 900 }, { "4h", true, 14400 }, { "5d", true, 432000 },
    { "", false, 0 }, { "h", false, 0 }, { "-1", false, 0 }, { "4 h", false, 0 }, { "4w", false, 0 }, { "1h30m", false, 0 },
    { "99999999999999999999", false, 0 }
  };

  for (unsigned int i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t seconds = 0;
    bool is_good = queue_select_age(cases[i].value, &seconds);
    check(is_good == cases[i].is_good && seconds == cases[i].seconds, cases[i].value);
  }
}

static void check_addresses(void)
{
  static const struct { const char *wanted; const char *address; bool is_it; } cases[] = {
    { "a@b.test", "A@B.test", true }, { "a@b.test", "aa@b.test", false }, { "@b.test", "x@B.TEST", true },
    { "@b.test", "x@c.b.test", false }, { "@.b.test", "x@c.b.test", true }, { "@.b.test", "x@b.test", false },
    { "@.b.test", "x@cb.test", false }, { "<>", "", true }, { "<>", "a@b.test", false }, { "a@b.test", "", false },
    { "@b.test", "\"x@y\"@b.test", true }, { "@b.test", "postmaster", false }
  };

  for (unsigned int i = 0; i < sizeof cases / sizeof *cases; i++)
    check(queue_select_is_address(cases[i].wanted, cases[i].address) == cases[i].is_it, cases[i].wanted);
}

/* A message to r@later.test, which mx.far.test said no to, and to one in a mailbox here. */
static void check_matches(void)
{
  static const struct { struct queue_select select; bool is_it; const char *what; } cases[] = {
    { { 0 }, true, "nothing asked: all" },
    { { .sender = "ann@x.test", .older_seconds = 100 }, true, "sender and age" },
    { { .sender = "ann@x.test", .older_seconds = 101 }, false, "... both must be true" },
    { { .recipient = "@later.test" }, true, "a recipient" },
    { { .recipient = "done@d.test" }, false, "one that is done counts no more" },
    { { .destination = "later.test" }, true, "a destination: the domain" },
    { { .destination = "mx.far.test" }, true, "... the host that spoke last" },
    { { .destination = ".far.test" }, true, "... those below a domain" },
    { { .destination = "192.0.2.10" }, true, "... its address" },
    { { .destination = "192.0.2.1" }, false, "... all of it" },
    { { .destination = "mailbox" }, true, "... a mailbox here" },
    { { .recipient = "r@later.test", .destination = "mailbox" }, false, "recipient and destination: of one recipient" },
  };
  struct queue_look look = QUEUE_LOOK_ZERO;
  struct said said[3] = { SAID_ZERO, SAID_ZERO, SAID_ZERO };
  text mailbox = TEXT_ZERO;

  record_add(&mailbox, "mailbox", "k");
  look.said = said;
  look.file.envelope.birth_seconds = 1000;
  text_add(&look.file.envelope.sender, "ann@x.test");
  text_string(&look.file.envelope.sender);
  envelope_add_recipient(&look.file.envelope, "r@later.test", 0);
  envelope_add_recipient(&look.file.envelope, "here@d.test", &mailbox);
  envelope_add_recipient(&look.file.envelope, "done@d.test", 0);
  look.file.envelope.recipients[2].state = ENVELOPE_DONE;
  said[0].attempt = 1;
  text_add(&said[0].remote, "mx.far.test [192.0.2.10]");
  text_string(&said[0].remote);
  for (unsigned int i = 0; i < sizeof cases / sizeof *cases; i++)
    check(queue_select_matches(&cases[i].select, &look, 1100) == cases[i].is_it, cases[i].what);
  said_free(&said[0]);
  text_free(&mailbox);
  envelope_free(&look.file.envelope);
}

int main(void)
{
  check_ages();
  check_addresses();
  check_matches();
  return check_done();
}
