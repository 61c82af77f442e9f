/* Written by `make generate` from lossbook/native/polynomials.py. Do not edit. */
#define LOG2_HIGH 0x1.62e42fee00000p-1
#define LOG2_LOW 0x1.a39ef35793c76p-33
#define EXP_POLYNOMIAL(x) (MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(0x1.72ad3ae3ed777p-19, x, 0x1.a136b06babd51p-16), x, 0x1.a019c3721fb3ep-13), x, 0x1.6c166be75a859p-10), x, 0x1.111111170ad56p-7), x, 0x1.55555565c559fp-5), x, 0x1.5555555554f97p-3), x, 0x1.fffffffffe069p-2))
#define LOG_POLYNOMIAL(x) (MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(MUL_ADD(0x1.0c039c49989c6p-3, x, 0x1.0fbe95d716020p-3), x, 0x1.3b1c355a8f7a2p-3), x, 0x1.745cf9048dd95p-3), x, 0x1.c71c720159177p-3), x, 0x1.2492492476cccp-2), x, 0x1.9999999999a38p-2), x, 0x1.5555555555555p-1))
