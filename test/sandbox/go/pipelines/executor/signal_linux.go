// Package os_specific is a package of Argo's executor. Its published module lacks what this file holds, for Linux alone.
package os_specific

import (
	"os"
	"syscall"
	"time"

	"github.com/argoproj/argo-workflows/v3/util/errors"
)

func IsSIGCHLD(s os.Signal) bool { return s == syscall.SIGCHLD }

func Setpgid(a *syscall.SysProcAttr) { a.Setpgid = true }

// Kill signals the process and those that it has begun.
func Kill(pid int, s syscall.Signal) error {
	if group, err := syscall.Getpgid(pid); err == nil {
		return syscall.Kill(-group, s)
	}
	return syscall.Kill(pid, s)
}

// Wait returns upstream's error for an exit code that is not zero; a signal counts as a shell counts it.
func Wait(process *os.Process) error {
	state, err := process.Wait()
	if err != nil {
		return err
	}
	// What it wrote last may still be copied to the log; nothing tells when that is done.
	time.Sleep(100 * time.Millisecond)
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return errors.NewExitErr(128 + int(status.Signal()))
	}
	return errors.NewExitErr(state.ExitCode())
}
