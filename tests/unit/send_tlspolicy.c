/* By which TLS a host gets mail: DANE (RFC 7672), MTA-STS (RFC 8461), REQUIRETLS (RFC 8689), and what is written. */

#include "send/tlspolicy.h"
#include "tests/check.h"

enum { NO_MX = 0, MX = 1, SIGNED = 2, NAIVE = 4, PIN = 8, MATCH = 16 }; /* NAIVE: no resolver is trusted */

static const struct row {
  const char *what;
  enum hop_tls wish;
  unsigned int is;
  enum dane_state dane;
  enum sts_state sts;
  enum sts_mode mode;
  const char *policy;
  enum tls_verify verify;
  bool is_required, is_way_secure;
  const char *failure; /* with refusal */
  bool is_refused;
} rows[] = {
#define ROW(what, wish, is, dane, sts, mode, policy, verify, required, secure) \
  { what, wish, is, dane, sts, mode, policy, verify, required, secure, "", false }
#define BAD(what, wish, is, dane, sts, mode, policy, failure) { what, wish, is, dane, sts, mode, policy, TLS_VERIFY_NONE, true, false, failure, true }
  ROW("may", HOP_TLS_MAY, MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "may", TLS_VERIFY_NONE, false, false),
  ROW("encrypt", HOP_TLS_ENCRYPT, MX | SIGNED, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "encrypt", TLS_VERIFY_NONE, true, true),
  ROW("verify", HOP_TLS_VERIFY, MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "verify", TLS_VERIFY_NAME, true, false),
  ROW("verify, of a relay rule: nobody else named the host", HOP_TLS_VERIFY, NO_MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "verify", TLS_VERIFY_NAME, true, true),
  ROW("fingerprint: whoever has the key", HOP_TLS_FINGERPRINT, MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "fingerprint", TLS_VERIFY_FINGERPRINT, true, true),
  ROW("tls with a name", HOP_TLS_TLS, NO_MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "verify", TLS_VERIFY_NAME, true, true),
  ROW("tls with a fingerprint", HOP_TLS_TLS, PIN, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "fingerprint", TLS_VERIFY_FINGERPRINT, true, true),
  ROW("off", HOP_TLS_OFF, MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "none", TLS_VERIFY_NONE, false, false),

  ROW("auto, nothing is signed: may", HOP_TLS_AUTO, MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "may", TLS_VERIFY_NONE, false, false),
  ROW("auto, a signed MX without TLSA: may, but who it is is looked at (RFC 8689)", HOP_TLS_AUTO, MX | SIGNED, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "may", TLS_VERIFY_WATCH, false, true),
  ROW("auto, TLSA", HOP_TLS_AUTO, MX | SIGNED, DANE_USABLE, STS_ANSWER_NONE, STS_NONE, "dane", TLS_VERIFY_DANE, true, true),
  ROW("auto, TLSA of a host that an unsigned MX names (RFC 7672 2.2.1)", HOP_TLS_AUTO, MX, DANE_USABLE, STS_ANSWER_NONE, STS_NONE, "dane", TLS_VERIFY_DANE, true, false),
  ROW("auto, TLSA of no use: encrypted, by nobody in particular", HOP_TLS_AUTO, MX | SIGNED, DANE_UNUSABLE, STS_ANSWER_NONE, STS_NONE, "dane", TLS_VERIFY_DANE, true, true),
  BAD("auto, TLSA that is forged", HOP_TLS_AUTO, MX | SIGNED, DANE_LATER, STS_ANSWER_NONE, STS_NONE, "dane", "dnssec-invalid"),
  ROW("auto, no resolver to trust: may", HOP_TLS_AUTO, MX | NAIVE, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "may", TLS_VERIFY_NONE, false, false),

  ROW("auto, a policy that is enforced", HOP_TLS_AUTO, MX | MATCH, DANE_NONE, STS_ANSWER_THERE, STS_ENFORCE, "sts", TLS_VERIFY_NAME, true, true),
  BAD("... which does not have the host", HOP_TLS_AUTO, MX, DANE_NONE, STS_ANSWER_THERE, STS_ENFORCE, "sts", "validation-failure"),
  { "auto, a policy in testing", HOP_TLS_AUTO, MX | MATCH, DANE_NONE, STS_ANSWER_THERE, STS_TESTING, "sts-testing", TLS_VERIFY_WATCH, false, false, "", false },
  { "... which does not have the host: it gets the mail, and it is reported", HOP_TLS_AUTO, MX, DANE_NONE, STS_ANSWER_THERE, STS_TESTING, "sts-testing", TLS_VERIFY_WATCH, false, false, "validation-failure", false },
  ROW("auto, a policy of mode none", HOP_TLS_AUTO, MX, DANE_NONE, STS_ANSWER_THERE, STS_NONE, "may", TLS_VERIFY_NONE, false, false),
  ROW("auto, a policy that cannot be had: none (RFC 8461 5)", HOP_TLS_AUTO, MX, DANE_NONE, STS_ANSWER_FAILED, STS_NONE, "may", TLS_VERIFY_NONE, false, false),
  BAD("auto, sts-fetch says nothing: perhaps one is to be kept", HOP_TLS_AUTO, MX, DANE_NONE, STS_ANSWER_LATER, STS_NONE, "sts", ""),
  ROW("auto, TLSA of an unsigned MX and a policy: DANE, and the policy says that it is the MX (RFC 8461 2)", HOP_TLS_AUTO, MX | MATCH, DANE_USABLE, STS_ANSWER_THERE, STS_ENFORCE, "dane", TLS_VERIFY_DANE, true, true),
  BAD("... which does not have the host", HOP_TLS_AUTO, MX, DANE_USABLE, STS_ANSWER_THERE, STS_ENFORCE, "sts", "validation-failure"),
  ROW("auto, TLSA of no use and a policy: verified by that", HOP_TLS_AUTO, MX | SIGNED | MATCH, DANE_UNUSABLE, STS_ANSWER_THERE, STS_ENFORCE, "sts", TLS_VERIFY_NAME, true, true),
  ROW("auto, TLSA of no use and a policy in testing: encrypted", HOP_TLS_AUTO, MX | SIGNED | MATCH, DANE_UNUSABLE, STS_ANSWER_THERE, STS_TESTING, "dane", TLS_VERIFY_DANE, true, true),
  BAD("auto, forged TLSA and a policy: no policy helps", HOP_TLS_AUTO, MX | MATCH, DANE_LATER, STS_ANSWER_THERE, STS_ENFORCE, "dane", "dnssec-invalid"),

  ROW("dane", HOP_TLS_DANE, MX | SIGNED, DANE_USABLE, STS_ANSWER_NONE, STS_NONE, "dane", TLS_VERIFY_DANE, true, true),
  ROW("dane, of a relay rule", HOP_TLS_DANE, NO_MX, DANE_USABLE, STS_ANSWER_NONE, STS_NONE, "dane", TLS_VERIFY_DANE, true, true),
  BAD("dane, no TLSA", HOP_TLS_DANE, MX | SIGNED, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "dane", "dane-required"),
  BAD("dane, an unsigned MX", HOP_TLS_DANE, MX, DANE_USABLE, STS_ANSWER_NONE, STS_NONE, "dane", "dane-required"),
  BAD("dane, TLSA of no use", HOP_TLS_DANE, MX | SIGNED, DANE_UNUSABLE, STS_ANSWER_NONE, STS_NONE, "dane", "tlsa-invalid"),
  BAD("dane, forged", HOP_TLS_DANE, MX | SIGNED, DANE_LATER, STS_ANSWER_NONE, STS_NONE, "dane", "dnssec-invalid"),
  BAD("dane, no resolver to trust", HOP_TLS_DANE, MX | NAIVE, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "dane", "dane-required"),

  ROW("sts", HOP_TLS_STS, MX | MATCH, DANE_NONE, STS_ANSWER_THERE, STS_ENFORCE, "sts", TLS_VERIFY_NAME, true, true),
  ROW("sts, a policy in testing: as if it was enforced", HOP_TLS_STS, MX | MATCH, DANE_NONE, STS_ANSWER_THERE, STS_TESTING, "sts", TLS_VERIFY_NAME, true, true),
  BAD("sts, no policy", HOP_TLS_STS, MX, DANE_NONE, STS_ANSWER_NONE, STS_NONE, "sts", "sts-policy-fetch-error"),
  BAD("sts, it cannot be had", HOP_TLS_STS, MX, DANE_NONE, STS_ANSWER_FAILED, STS_NONE, "sts", "sts-policy-fetch-error"),
  ROW("sts, TLSA of a signed MX are more", HOP_TLS_STS, MX | SIGNED, DANE_USABLE, STS_ANSWER_NONE, STS_NONE, "dane", TLS_VERIFY_DANE, true, true),
  BAD("sts, TLSA of an unsigned MX are not", HOP_TLS_STS, MX, DANE_USABLE, STS_ANSWER_NONE, STS_NONE, "sts", "sts-policy-fetch-error"),
};

static void check_decisions(void)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const struct row *r = &rows[i];
    struct tls_facts facts = { .wish = r->wish, .is_mx = r->is & MX, .is_mx_secure = r->is & SIGNED, .has_resolver = !(r->is & NAIVE),
                               .has_fingerprint = r->is & PIN, .dane = r->dane, .sts = r->sts, .mode = r->mode, .is_sts_match = r->is & MATCH };
    struct tls_decision d;
    send_tlspolicy_decide(&facts, &d);
    bool good = !strcmp(d.policy, r->policy) && !strcmp(d.failure, r->failure) && d.is_required == r->is_required && !d.refusal == !r->is_refused;
    check(good && (r->is_refused || (d.verify == r->verify && d.is_way_secure == r->is_way_secure)), r->what);
  }
}

static void check_wants(void)
{
  struct tls_facts f = { .wish = HOP_TLS_AUTO, .is_mx = true, .has_resolver = true };

  check(send_tlspolicy_wants_dane(&f, true) && !send_tlspolicy_wants_dane(&f, false), "TLSA are asked for, unless control/dane is no");
  check(send_tlspolicy_wants_sts(&f, true) && !send_tlspolicy_wants_sts(&f, false), "a policy is asked for, unless control/mtasts is no");
  f.dane = DANE_USABLE;
  check(send_tlspolicy_wants_sts(&f, true), "... also beside TLSA, if the MX is not signed");
  f.is_mx_secure = true;
  check(!send_tlspolicy_wants_sts(&f, true), "... but not if it is");
  f.dane = DANE_LATER;
  check(!send_tlspolicy_wants_sts(&f, true), "... nor if these are forged");
  f = (struct tls_facts){ .wish = HOP_TLS_MAY, .is_mx = true, .has_resolver = true };
  check(!send_tlspolicy_wants_dane(&f, true) && !send_tlspolicy_wants_sts(&f, true), "may: nobody is asked");
  f.wish = HOP_TLS_DANE;
  check(send_tlspolicy_wants_dane(&f, false) && !send_tlspolicy_wants_sts(&f, true), "dane: TLSA, whatever control/dane says");
  f.has_resolver = false;
  check(!send_tlspolicy_wants_dane(&f, true), "no resolver to trust: nothing is asked");
  f = (struct tls_facts){ .wish = HOP_TLS_AUTO, .has_resolver = true };
  check(!send_tlspolicy_wants_sts(&f, true), "a relay has no MTA-STS policy");
}

static void check_usable(void)
{
  static const struct {
    const char *what;
    unsigned int usage, selector, matching;
    size_t length;
    bool is_usable;
  } records[] = {
    { "3 1 1", 3, 1, 1, 32, true },          { "3 0 2", 3, 0, 2, 64, true },
    { "2 0 0, a certificate", 2, 0, 0, 500, true },
    { "PKIX-TA (RFC 7672 3.1.3)", 0, 0, 1, 32, false }, { "PKIX-EE", 1, 0, 1, 32, false },
    { "an unknown usage", 4, 0, 1, 32, false }, { "PrivCert", 255, 0, 1, 32, false },
    { "an unknown selector", 3, 2, 1, 32, false }, { "an unknown matching type", 3, 1, 3, 32, false },
    { "SHA-256 of 31 bytes", 3, 1, 1, 31, false }, { "SHA-512 of 32", 3, 1, 2, 32, false }, { "nothing", 3, 0, 0, 0, false },
  };
  struct dns_tlsa_list list = DNS_TLSA_LIST_ZERO;

  check(send_tlspolicy_dane(&list) == DANE_UNUSABLE, "no record that could be read");
  for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
    list.records[0] = (struct dns_tlsa){ records[i].usage, records[i].selector, records[i].matching, 0, records[i].length };
    list.count = 1;
    check(send_tlspolicy_dane(&list) == (records[i].is_usable ? DANE_USABLE : DANE_UNUSABLE), records[i].what);
    list.records[1] = (struct dns_tlsa){ 3, 1, 1, 0, 32 };
    list.count = 2;
    check(send_tlspolicy_dane(&list) == DANE_USABLE, "... beside a usable one");
  }
}

int main(void)
{
  enum hop_tls tls;

  check_decisions();
  check_wants();
  check_usable();
  check(send_tlspolicy_word("dane", &tls) && tls == HOP_TLS_DANE && !send_tlspolicy_word("Dane", &tls) && !send_tlspolicy_word("", &tls), "words");
  return check_done();
}
