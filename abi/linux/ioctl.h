/* ioctl(2): terminals, file descriptors, network interfaces. The kernel's termios, not libc's. */
#ifndef ADYTON_ABI_LINUX_IOCTL_H
#define ADYTON_ABI_LINUX_IOCTL_H

#include "abi/types.h"

#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCSBRK 0x5409
#define TCXONC 0x540a
#define TCFLSH 0x540b
#define TIOCEXCL 0x540c
#define TIOCNXCL 0x540d
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCOUTQ 0x5411
#define TIOCSTI 0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b
#define TIOCINQ 0x541b
#define TIOCNOTTY 0x5422
#define TIOCSETD 0x5423
#define TIOCGETD 0x5424
#define TCSBRKP 0x5425
#define TIOCGSID 0x5429
#define TIOCGPTN 0x80045430U
#define TIOCSPTLCK 0x40045431
#define TIOCGPTPEER 0x5441
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451
#define FIOASYNC 0x5452
#define FIONBIO 0x5421
#define FIOQSIZE 0x5460
#define TCGETS2 0x802c542aU
#define TCSETS2 0x402c542b
#define TCSETSW2 0x402c542c
#define TCSETSF2 0x402c542d
#define SIOCGIFNAME 0x8910
#define SIOCGIFCONF 0x8912
#define SIOCGIFFLAGS 0x8913
#define SIOCGIFADDR 0x8915
#define SIOCGIFBRDADDR 0x8919
#define SIOCGIFNETMASK 0x891b
#define SIOCGIFMTU 0x8921
#define SIOCGIFHWADDR 0x8927
#define SIOCGIFINDEX 0x8933
#define SIOCGIFTXQLEN 0x8942
#define SIOCATMARK 0x8905
#define SIOCGSTAMP 0x8906
#define SIOCINQ 0x541b
#define SIOCOUTQ 0x5411

#define NCCS 19
struct termios {
	uint32_t c_iflag;
	uint32_t c_oflag;
	uint32_t c_cflag;
	uint32_t c_lflag;
	uint8_t c_line;
	uint8_t c_cc[NCCS];
};

struct termios2 {
	uint32_t c_iflag;
	uint32_t c_oflag;
	uint32_t c_cflag;
	uint32_t c_lflag;
	uint8_t c_line;
	uint8_t c_cc[NCCS];
	uint32_t c_ispeed;
	uint32_t c_ospeed;
};

struct winsize {
	uint16_t ws_row;
	uint16_t ws_col;
	uint16_t ws_xpixel;
	uint16_t ws_ypixel;
};

#define IFNAMSIZ 16
struct ifreq {
	char ifr_name[IFNAMSIZ];
	uint8_t ifr_ifru[24];
};

struct ifconf {
	int32_t ifc_len;
	uint64_t ifc_buf;
};

_Static_assert(sizeof(struct termios) == 36, "termios");
_Static_assert(sizeof(struct termios2) == 44, "termios2");
_Static_assert(sizeof(struct winsize) == 8, "winsize");
_Static_assert(sizeof(struct ifreq) == 40, "ifreq");
_Static_assert(sizeof(struct ifconf) == 16, "ifconf");

#endif
