// Package ptytest gives tests a terminal, on Linux.
package ptytest
