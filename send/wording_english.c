#include "send/wording.h"

/* What send/texts/en says (a test compares them), for where no file can be read. */
static const char *const english[SEND_WORDINGS] = {
  [SEND_WORDING_FRAME] =
    "This is the mail system of {host}.\n"
    "\n"
    "{text}\n"
    "\n"
    "If you ask about it, please give this number: {id}\n",
  [SEND_WORDING_FAILURE] =
    "Subject: Your message could not be delivered\n"
    "Subject-Some: Your message could not be delivered to all\n"
    "\n"
    "Your message could not be delivered to:\n"
    "\n"
    "{recipients}\n"
    "\n"
    "It is not tried again. {attached}\n",
  [SEND_WORDING_DELAY] =
    "Subject: Your message is delayed, and still tried\n"
    "Subject-Some: Your message is delayed for some, and still tried\n"
    "\n"
    "Your message waits, and was not delivered yet, to:\n"
    "\n"
    "{recipients}\n"
    "\n"
    "You need not send it again: it is tried until\n"
    "{until}.\n",
  [SEND_WORDING_DELIVERED] =
    "Subject: Your message was delivered\n"
    "\n"
    "Your message was delivered, as you wanted to know, to:\n"
    "\n"
    "{recipients}\n",
  [SEND_WORDING_RELAYED] =
    "Subject: Your message was passed on\n"
    "\n"
    "Your message was passed on, as you wanted to know, for:\n"
    "\n"
    "{recipients}\n",
  [SEND_WORDING_EXPANDED] =
    "Subject: Your message goes to several recipients\n"
    "\n"
    "Your message was taken, as you wanted to know, for an address of several:\n"
    "\n"
    "{recipients}\n",
  [SEND_WORDING_DOUBLEBOUNCE] =
    "Subject: A message could be neither delivered nor returned\n"
    "\n"
    "A message without a sender, mostly a report like this one, could not be\n"
    "delivered, and there is nobody to return it to. You get it once, as postmaster.\n"
    "It was for:\n"
    "\n"
    "{recipients}\n"
    "\n"
    "It is not tried again. {attached}\n",
  [SEND_WORDING_WORDS] =
    "5.1.1 There is no mailbox of this name.\n"
    "5.1.2 There is no such domain, or it takes no mail.\n"
    "5.1.10 The domain says that it takes no mail.\n"
    "5.1 The address is not accepted there.\n"
    "5.2.1 The mailbox takes no mail at present.\n"
    "5.2.2 The mailbox is full.\n"
    "5.2.3 The message is too large for this mailbox.\n"
    "5.2 The mailbox did not accept the message.\n"
    "5.3.4 The message is too large for the other mail system.\n"
    "5.3 The other mail system could not take the message.\n"
    "5.4.6 The message would go round in circles.\n"
    "5.4.7 All attempts until now failed, and it was tried for as long as this system tries.\n"
    "5.4 There is no way to this address.\n"
    "5.6 The other mail system did not accept the form of the message.\n"
    "5.7 The other mail system refuses the message by its rules.\n"
    "5 The other mail system refuses the message.\n"
    "4.2.2 The mailbox is full at present.\n"
    "4.4 The other mail system could not be reached, or broke off.\n"
    "4 The other mail system could not take the message yet.\n"
    "2 The message was taken.\n"
    "delivered It was put into the mailbox.\n"
    "relayed The next mail system has it; that one tells nothing about what becomes of it.\n"
    "expanded It stands for several recipients. The message goes on to each of them.\n"
    "unknown Why is not known any more.\n"
    "operator The postmaster of this system returned the message, and says:\n"
    "returned The postmaster of this system returned the message.\n"
    "said {remote} said:\n"
    "whole The message is attached.\n"
    "header The header of the message is attached.\n"
};

const char *send_wording_english(enum send_wording_kind kind) { return english[kind]; }
