/* wait4(2), waitid(2) and the status word. */
#ifndef ADYTON_ABI_LINUX_WAIT_H
#define ADYTON_ABI_LINUX_WAIT_H

#define WNOHANG 0x1
#define WUNTRACED 0x2
#define WSTOPPED 0x2
#define WEXITED 0x4
#define WCONTINUED 0x8
#define WNOWAIT 0x1000000
#define WNOTHREAD 0x20000000
#define WALL 0x40000000
#define WCLONE 0x80000000U
#define P_ALL 0
#define P_PID 1
#define P_PGID 2
#define P_PIDFD 3
#define WAIT_EXITED(code) (((code) & 0xff) << 8)
#define WAIT_SIGNALED(signal) ((signal) & 0x7f)
#define WAIT_STOPPED(signal) ((((signal) & 0xff) << 8) | 0x7f)
#define WAIT_CONTINUED 0xffff
#define WAIT_CORE 0x80
#define WEXITSTATUS(status) (((status) & 0xff00) >> 8)
#define WTERMSIG(status) ((status) & 0x7f)
#define WIFEXITED(status) (WTERMSIG(status) == 0)
#define WIFSTOPPED(status) (((status) & 0xff) == 0x7f)
#define WIFSIGNALED(status) (!WIFEXITED(status) && WTERMSIG(status) != 0x7f)

#endif
