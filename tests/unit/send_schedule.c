/* send-schedule's parts without I/O: backoff (security 27), the waiting messages, lanes, outcomes, said, the report. */

#include <stdlib.h>

#include "lib/said.h"
#include "send/backoff.h"
#include "send/lane.h"
#include "send/report.h"
#include "send/result.h"
#include "tests/check.h"

static void check_backoff(void)
{
  struct send_backoff b = { 300, 14400, 432000, 0 };
  uint64_t now = 1000000000, sum = 0;
  bool is_spread = false, is_within = true;
  unsigned int attempts = 1;

  for (unsigned int i = 1; i < 50; i++) {
    uint64_t one = send_backoff_interval(&b, i, "0123456789abcdef"), other = send_backoff_interval(&b, i, "0123456789abcdeg");
    is_within = is_within && one >= 262 && one <= 14400 + 1800;
    is_spread = is_spread || one != other;
  }
  check(is_within, "intervals grow from first to longest, an eighth more or less");
  check(is_spread, "two messages that came together are tried at different times");
  check(send_backoff_interval(&b, 3, "x") == send_backoff_interval(&b, 3, "x"), "the same id, the same interval");
  check(send_backoff_next(&b, 1, "x", now, now) > now + 200, "the next time after the first attempt");
  check(send_backoff_next(&b, 20, "x", now, now + 431000) == now + 432000, "the last attempt is when the lifetime ends");
  while (!send_backoff_is_over(&b, attempts, now, now + sum)) {
    uint64_t next = send_backoff_next(&b, attempts, "x", now, now + sum);
    sum = next - now;
    attempts++;
  }
  check(sum == 432000 && attempts > 30 && attempts < 45, "a message is given up after its lifetime, about 36 attempts");
  check(!send_backoff_is_over(&b, 1, now, now + 315360000), "a jump of ten years returns nothing after one attempt");
  check(!send_backoff_is_over(&b, 20, now, now + 315360000), "nor after a third of its time");
  check(!send_backoff_is_over(&b, 35, now, 0), "back to 1970: not yet");
  check(send_backoff_is_over(&b, 80, now, 0), "but not for ever");
  check(!send_backoff_is_over(&b, 4000, now, now + 431999) && send_backoff_is_over(&b, 4000, now, now + 432000), "N-75, P-36: sendmail -q every minute returns nothing before its time");
  check(send_backoff_next(&b, 60, "x", now, now + 10) <= now + 10 + 2 * 10 + 338, "... and what was tried sixty times in ten seconds waits no longer than other new mail");
  check(send_backoff_next(&b, 60, "x", now, now + 90000) > now + 90000 + 12000, "... nor is an old message tried oftener");
  struct send_backoff warns = { 300, 14400, 432000, 3600 };
  check(!send_backoff_is_late(&warns, 6, now, now + 3599) && send_backoff_is_late(&warns, 6, now, now + 3600), "N-76: late from delaywarning on");
  check(!send_backoff_is_late(&warns, 1, now, now + 315360000) && !send_backoff_is_late(&warns, 3, now, now + 315360000), "... a jump of ten years warns nobody");
  check(!send_backoff_is_late(&b, 40, now, now + 400000), "... 0: never");
  check(send_backoff_next(&warns, 5, "x", now, now + 3500) == now + 3600, "... and tried at that time");
  struct send_backoff none = { 300, 14400, 0, 0 };
  check(send_backoff_is_over(&none, 1, now, now), "a lifetime of 0: given up after the first attempt");
}

static void check_waiting(void)
{
  struct send_waiting w = { .slots = 0 };
  char id[32];
  bool is_ordered = true, are_all = true;
  uint64_t last = 0;

  for (unsigned int i = 0; i < 5000; i++) {
    snprintf(id, sizeof id, "id%u", i);
    send_waiting_set_due(&w, send_waiting_add(&w, id), (uint64_t)i * 7919 % 5003);
  }
  for (unsigned int i = 0; i < 5000; i += 3) {
    snprintf(id, sizeof id, "id%u", i);
    send_waiting_remove(&w, send_waiting_find(&w, id));
  }
  for (unsigned int i = 1; i < 5000; i += 3) {
    snprintf(id, sizeof id, "id%u", i);
    send_waiting_set_due(&w, send_waiting_find(&w, id), (uint64_t)i * 104729 % 5003);
  }
  for (unsigned int i = 0; i < 5000; i++) {
    snprintf(id, sizeof id, "id%u", i);
    are_all = are_all && !send_waiting_find(&w, id) == (i % 3 == 0);
  }
  check(are_all && w.count == 3333, "five thousand messages, a third removed: the others are found by id");
  for (struct send_entry *e; (e = send_waiting_first(&w));) {
    is_ordered = is_ordered && e->due_ms >= last;
    last = e->due_ms;
    send_waiting_remove(&w, e);
  }
  check(is_ordered && !w.count, "they come in the order of their times");
  free(w.slots);
  free(w.heap);
}

static struct send_lane *lane_to(struct send_lanes *lanes, const char *domain)
{
  text key = TEXT_ZERO;

  record_add(&key, "route", "mx");
  record_add(&key, "domain", domain);
  struct send_lane *lane = send_lane_find(lanes, &key);
  text_free(&key);
  return lane;
}

static void check_lanes(void)
{
  static struct send_lanes lanes;

  send_lanes_init(&lanes, 10, 20);
  struct send_lane *lane = lane_to(&lanes, "a.test");
  check(lane == lane_to(&lanes, "a.test"), "equal hops are one lane");
  check(lane->window == 5, "five packets at first");
  for (int i = 0; i < 5; i++) send_lane_begin(&lanes, lane);
  check(!send_lane_has_room(lane), "then it is full");
  check(lanes.busy == 1, "one lane is busy");
  send_lane_end_well(&lanes, lane);
  check(lane->window == 6, "a full window grows by one when a packet went well");
  for (int i = 0; i < 4; i++) send_lane_end_badly(&lanes, lane, "no connection", true, 1000);
  check(send_lane_rests(lane, 1000) && lane->window == 1, "packets that find nobody halve it; the last one sends the hop to rest");
  check(send_lane_rests(lane, 30000) && !send_lane_rests(lane, 31001) && !lanes.busy, "for 30 seconds");
  send_lane_begin(&lanes, lane);
  check(!send_lane_has_room(lane), "then one message probes it");
  send_lane_end_badly(&lanes, lane, "no connection", true, 40000);
  check(send_lane_rests(lane, 99000) && !send_lane_rests(lane, 100001), "in vain: a longer rest");
  send_lane_begin(&lanes, lane);
  send_lane_end_well(&lanes, lane);
  check(lane->window == 2 && !lane->failures, "it answers: two at once");
  send_lane_release(&lanes, lane, 0);

  lane = lane_to(&lanes, "dead.test");
  for (int i = 0; i < 5; i++) send_lane_begin(&lanes, lane);
  send_lane_end_badly(&lanes, lane, "no connection", true, 1000);
  check(send_lane_rests(lane, 1000) && lane->window == 1, "a hop that nobody ever answered at rests at once");
  for (int i = 0; i < 4; i++) send_lane_end_badly(&lanes, lane, "no connection", true, 1000);
  check(!send_lane_rests(lane, 31001), "... those that were under way make its rest no longer");
  send_lane_release(&lanes, lane, 31001 + 60 * 60 * 1000);

  lane = lane_to(&lanes, "busy.test");
  for (int i = 0; i < 5; i++) send_lane_begin(&lanes, lane);
  send_lane_end_badly(&lanes, lane, "421 too many", false, 1000);
  check(!send_lane_rests(lane, 1000) && lane->window == 2, "... one that said 421 has answered: fewer at once");
  send_lanes_set_limits(&lanes, 10, 1);
  check(lane->window == 1, "control/concurrencydestination became smaller: at once");
}

/* Messages of each priority in turn, many: by number and priority they leave as RFC 6710 wants it. */
static void check_lines(void)
{
  static struct send_lanes lanes;
  static struct send_waiting w;
  char id[16];
  bool is_ordered = true;

  send_lanes_init(&lanes, 10, 20);
  struct send_lane *lane = lane_to(&lanes, "a.test"), *other = lane_to(&lanes, "b.test");
  for (unsigned int i = 0; i < 190000; i++) {
    snprintf(id, sizeof id, "%06u", i);
    struct send_entry *e = send_waiting_add(&w, id);
    e->priority = (signed char)((int)(i * 7 % 19) - 9);
    send_lane_stand(&lanes, lane, e, false);
    if (i % 2) send_lane_stand(&lanes, other, e, false);
    send_lane_stand(&lanes, lane, e, false); /* once */
  }
  check(lanes.ring_count == 2 && lanes.busy == 2, "two lanes with a line of 190,000 messages of nineteen priorities: made without looking at those who stand there");
  struct send_entry *last = send_lane_take(&lanes, lane), *e;
  unsigned int count = 1;
  for (; (e = send_lane_take(&lanes, lane)); last = e, count++)
    is_ordered = is_ordered && (last->priority > e->priority || (last->priority == e->priority && strcmp(last->id, e->id) < 0));
  check(is_ordered && count == 190000, "the highest priority first, equal ones in their order");
  check(lanes.ring_count == 1 && lanes.busy == 1 && !send_lane_has_line(lane), "an empty line is none");
  send_lanes_leave(&lanes, send_waiting_find(&w, "000001"));
  e = send_lane_take(&lanes, other);
  check(e->priority == 9 && strcmp(e->id, "000001"), "who has left all lines is in none");
  while ((e = send_lane_take(&lanes, other)))
    if (!strcmp(e->id, "000001")) is_ordered = false;
  check(is_ordered && !lanes.ring && !lanes.busy, "... nor later");
  for (unsigned int i = 0; i < 4; i++) {
    snprintf(id, sizeof id, "%06u", i * 19);
    send_lane_stand(&lanes, lane, send_waiting_find(&w, id), i == 3);
  }
  e = send_lane_take(&lanes, lane);
  check(!strcmp(e->id, "000057") && !strcmp(send_lane_take(&lanes, lane)->id, "000000"), "who had his turn for nothing stands in front");
  while (send_lane_take(&lanes, lane))
    ;
  for (unsigned int i = 0; i < 190000; i++) {
    snprintf(id, sizeof id, "%06u", i);
    send_waiting_remove(&w, send_waiting_find(&w, id));
  }
  free(w.slots);
}

static void check_result(void)
{
  struct send_result r = SEND_RESULT_ZERO;

  check(send_result_parse(&r, "never 5.1.1 550 user unknown") && r.verdict == SAID_NEVER && r.code == 550, "an outcome");
  check_is(r.status.s, "5.1.1", "its status");
  check_is(r.text.s, "user unknown", "its text");
  check(!send_result_is_of_hop(&r), "a refusal speaks of the recipient");
  check(send_result_parse(&r, "later 4.4.1 000 no connection") && send_result_is_of_hop(&r), "no connection speaks of the hop");
  check(send_result_parse(&r, "later 4.7.5 000 no TLS") && send_result_is_of_hop(&r), "so does TLS that is not what is demanded");
  check(send_result_parse(&r, "later 4.7.5 450 not for him") && !send_result_is_of_hop(&r), "... but not what the other side says of that");
  check(send_result_parse(&r, "later 4.3.2 421 closing") && send_result_is_of_hop(&r), "so does 421");
  check(!send_result_parse(&r, "done 2.0 250 ok") && r.verdict == SAID_LATER, "a status of two parts is none: later");
  check(!send_result_parse(&r, "never 5.1.1 5500 x") && !send_result_parse(&r, "maybe 5.1.1 550 x") && !send_result_parse(&r, "") &&
          !send_result_parse(&r, "never 5.1.1 550") && r.verdict == SAID_LATER,
        "what is not an outcome is later, never a failure");
  send_result_free(&r);
}

static void check_said(void)
{
  struct said s = SAID_ZERO, found = SAID_ZERO, last[2] = { SAID_ZERO, SAID_ZERO };
  struct envelope e = ENVELOPE_ZERO;
  text lines = TEXT_ZERO;

  s.seconds = 1700000000;
  s.attempt = 3;
  s.verdict = SAID_NEVER;
  s.code = 550;
  text_add(&s.status, "5.1.1");
  text_add(&s.recipient, "b b%@x.test");
  text_add(&s.text, "no\r\nsuch user");
  said_format(&s, &lines);
  check_is(text_string(&lines), "1700000000 3 never 5.1.1 550 b%20b%25@x.test - no%0D%0Asuch%20user\n", "a line of queue/log");
  check(said_parse(&found, lines.s, lines.len - 1), "is read again");
  check_is(found.text.s, "no\r\nsuch user", "as it was");
  check_is(found.policy.s, "", "without a policy of TLS");
  text_add(&s.policy, "dane verified");
  text_clear(&lines);
  said_format(&s, &lines);
  check_is(text_string(&lines), "1700000000 3 never 5.1.1 550 b%20b%25@x.test - no%0D%0Asuch%20user dane%20verified\n", "... with one");
  check(said_parse(&found, lines.s, lines.len - 1), "is read again");
  check_is(found.policy.s, "dane verified", "as it was");
  check(!said_parse(&found, "1 2 never 5.1.1 550 x y z p q", 29), "nothing comes behind it");
  check(!said_parse(&found, "1 2 never 5.1.1 550 x", 21) && !said_parse(&found, "x", 1) && !said_parse(&found, "", 0), "what is none is none");
  text_add(&lines, "nonsense\n1700000001 4 later 4.0.0 000 a@x.test there hm\n1700000002 5 later 4.0.0 000 a@x.test there last\n1700");
  envelope_add_recipient(&e, "a@x.test", 0);
  envelope_add_recipient(&e, "b b%@x.test", 0);
  said_read_last(last, &e, lines.s, lines.len);
  check_is(last[0].text.s, "last", "the last about each recipient, whatever the order, also beside damaged lines");
  check(last[1].attempt == 3, "and of the other");
  said_free(&s);
  said_free(&found);
  said_free(&last[0]);
  said_free(&last[1]);
  envelope_free(&e);
  text_free(&lines);
}

static const char expected[] =
  "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
  "From: Mail Delivery System <MAILER-DAEMON@host.test>\r\n"
  "To: <ann@x.test>\r\n"
  "Subject: Your message could not be delivered\r\n"
  "Message-ID: <idb0001@host.test>\r\n"
  "In-Reply-To: <m@x.test>\r\n"
  "References: <m@x.test>\r\n"
  "Auto-Submitted: auto-replied\r\n"
  "MIME-Version: 1.0\r\n"
  "Content-Type: multipart/report; report-type=delivery-status;\r\n"
  "\tboundary=\"=_idb0001_\"\r\n"
  "\r\n"
  "--=_idb0001_\r\n"
  "Content-Type: text/plain; charset=us-ascii\r\n"
  "Content-Language: en\r\n"
  "\r\n"
  "This is the mail system of host.test.\r\n"
  "\r\n"
  "Your message could not be delivered to:\r\n"
  "\r\n"
  "  b@y.test\r\n"
  "    The mailbox is full.\r\n"
  "    mx.y.test [192.0.2.1] said:\r\n"
  "    552 full??Bcc: x; this is rather long and goes on and on until it has\r\n"
  "    reached the second line\r\n"
  "\r\n"
  "  c@z.test\r\n"
  "    Why is not known any more.\r\n"
  "\r\n"
  "It is not tried again. The header of the message is attached.\r\n"
  "\r\n"
  "If you ask about it, please give this number: id\r\n"
  "\r\n"
  "--=_idb0001_\r\n"
  "Content-Type: message/delivery-status\r\n"
  "\r\n"
  "Reporting-MTA: dns; host.test\r\n"
  "Arrival-Date: Mon, 13 Nov 2023 22:13:20 +0000\r\n"
  "\r\n"
  "Original-Recipient: rfc822;list@x.test\r\n"
  "Final-Recipient: rfc822;b@y.test\r\n"
  "Action: failed\r\n"
  "Status: 5.2.2\r\n"
  "Remote-MTA: dns; mx.y.test\r\n"
  "Diagnostic-Code: smtp; 552 5.2.2 full??Bcc: x; this is rather long and goes on and on until it\r\n"
  "  has reached the second line\r\n"
  "Last-Attempt-Date: Tue, 14 Nov 2023 22:13:10 +0000\r\n"
  "\r\n"
  "Final-Recipient: rfc822;c@z.test\r\n"
  "Action: failed\r\n"
  "Status: 5.0.0\r\n"
  "\r\n"
  "--=_idb0001_\r\n"
  "Content-Type: text/rfc822-headers\r\n"
  "Content-Transfer-Encoding: 7bit\r\n"
  "\r\n"
  "Subject: --=_idb0001\r\n"
  "From: a\r\n"
  "\r\n"
  "--=_idb0001_--\r\n";

static void check_report(void)
{
  static const char message[] = "Subject: --=_idb0001\r\nFrom: a\r\n\r\nbody\r\n";
  struct send_wordings english;
  struct said said = { .seconds = 1700000000 - 10, .attempt = 1, .verdict = SAID_NEVER, .code = 552 };
  text out = TEXT_ZERO, endless = TEXT_ZERO;

  send_wordings_use_english(&english);
  text_copy(&said.status, "5.2.2");
  text_string(&said.status);
  text_copy(&said.remote, "mx.y.test [192.0.2.1]");
  text_string(&said.remote);
  text_copy(&said.text, "full\r\nBcc: x; this is rather long and goes on and on until it has reached the second line");
  text_string(&said.text);
  struct send_report_recipient recipients[] = { { .address = "b@y.test", .original = "rfc822;list@x.test", .said = &said },
                                                  { .address = "c@z.test" } };
  struct send_report r = {
    .host = "host.test", .from = "MAILER-DAEMON@host.test", .to = "ann@x.test", .id = "idb0001", .message = "id",
    .message_id = "<m@x.test>", .wordings = &english, .envid = "", .birth_seconds = 1700000000 - 86400, .now_seconds = 1700000000, .header = message,
    .header_length = sizeof message - 1, .recipients = recipients, .count = 2
  };
  send_report_format(&r, &out);
  check_is(text_string(&out), expected, "a report as it should be, byte for byte");

  r.message_id = "<a b>\r\nX: y";
  r.to = "a\r\nBcc: z@x.test";
  text_clear(&out);
  send_report_format(&r, &out);
  check(!strstr(text_string(&out), "In-Reply-To") && !strstr(out.s, "\nX: y") && !strstr(out.s, "\nBcc:"),
        "nothing from outside begins a field (security 34)");

  while (endless.len < 100000) text_add(&endless, "X-Field: 0123456789\r\n");
  r.header = endless.s;
  r.header_length = endless.len;
  text_clear(&out);
  send_report_format(&r, &out);
  check(out.len < SEND_REPORT_HEADER_MAX + 3000 && strstr(text_string(&out), "0123456789\r\n\r\n--=_idb0001"), "an endless header is cut behind a line");

  recipients[0] = (struct send_report_recipient){ .address = "b\xc3\xbc" "cher@y.test", .original = "utf-8;b\xc3\xbc+@x.test",
                                                  .said = &said, .action = SEND_REPORT_DELIVERED };
  recipients[1].action = SEND_REPORT_RELAYED;
  r.envid = "the id\r\nX: y";
  r.header = message;
  r.header_length = sizeof message - 1;
  r.is_full = r.is_utf8 = true;
  text_clear(&out);
  send_report_format(&r, &out);
  text_string(&out);
  check(strstr(out.s, "Subject: Your message was delivered\r\n") && strstr(out.s, "\r\nOriginal-Envelope-Id: the id??X: y\r\n"),
        "RFC 3461 4.4: success, and the envelope's id, which begins no field");
  check(strstr(out.s, "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable") && strstr(out.s, "  b=C3=BCcher@y.test\r\n    It was put") &&
          strstr(out.s, "Final-Recipient: utf-8;b\\x{FC}cher@y.test\r\nAction: delivered\r\nStatus: 2.0.0\r\n"),
        "RFC 6533: an address in UTF-8 for people, spelled in ASCII for programs");
  check(strstr(out.s, "Original-Recipient: utf-8;b\\x{FC}\\x{2B}@x.test\r\n") && strstr(out.s, "Action: relayed"), "... the original one too; relayed");
  check(strstr(out.s, "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: --=_idb0001\r\nFrom: a\r\n\r\nbody\r\n\r\n--=_"),
        "RET=FULL: the whole message");
  r.is_full = r.is_utf8 = false;

  recipients[0].action = SEND_REPORT_DELAYED;
  recipients[1].action = SEND_REPORT_FAILED;
  r.until_seconds = 1700000000 + 86400;
  text_clear(&out);
  send_report_format(&r, &out);
  check(strstr(text_string(&out), "Action: delayed\r\nStatus: 4.0.0\r\n") &&
          strstr(out.s, "Last-Attempt-Date: Tue, 14 Nov 2023 22:13:10 +0000\r\nWill-Retry-Until: Wed, 15 Nov 2023 22:13:20 +0000\r\n") &&
          strstr(out.s, "Action: failed\r\nStatus: 5.0.0\r\n") && strstr(out.s, "Subject: Your message could not be delivered to all\r\n") &&
          strstr(out.s, "tried until\r\n2023-11-15 22:13 UTC.\r\n"),
        "RFC 3464 2.3.9: a delay, with its end; it may stand beside a failure");

  r.header = "\xff\xfe: x\r\n\r\n";
  r.header_length = 9;
  text_clear(&out);
  send_report_format(&r, &out);
  check(strstr(text_string(&out), "Encoding: 8bit") != 0, "a header with bytes above ASCII says so");
  text_free(&out);
  text_free(&endless);
  said_free(&said);
}

int main(void)
{
  check_backoff();
  check_waiting();
  check_lanes();
  check_lines();
  check_result();
  check_said();
  check_report();
  return check_done();
}
