;;; dape.el --- a session of awaittrace dap in Emacs, for scripts/editors/run -*- lexical-binding: t -*-

(require 'dape)

(add-to-list 'dape-configs
  '(awaittrace modes (go-mode go-ts-mode)
    command "awaittrace" command-args ("dap" "--listen" "127.0.0.1::autoport") command-cwd (lambda () default-directory)
    port :autoport :request "launch" :type "go" :program "." :awaittrace (:after "1s")))

(setq dape-request-timeout 120) ; a build on a busy machine

(defun awaittrace-repl ()
  "Return what the REPL shows."
  (if-let* ((buffer (get-buffer "*dape-repl*")))
      (with-current-buffer buffer (buffer-substring-no-properties (point-min) (point-max)))
    ""))

(defun awaittrace-wait (what done)
  "Wait until the function DONE returns non-nil, and return that; WHAT says what for."
  (with-timeout (120 (message "waited in vain for %s:\n%s" what (awaittrace-repl)) (kill-emacs 1))
    (let (value)
      (while (not (setq value (funcall done))) (accept-process-output nil 0.1))
      value)))

(find-file "main.go")
;; As the key RET does on the line of a filter in the buffer of breakpoints, which has those of the last session.
(setq dape--exceptions (list (list :filter "awaittrace-deadlock" :enabled t)))
(dape (dape--config-eval 'awaittrace nil))

(let* ((conn (awaittrace-wait "the stop" (lambda () (dape--live-connection 'stopped t))))
       (frame (awaittrace-wait "the scopes" (lambda () (let ((frame (dape--current-stack-frame conn))) (and (plist-get frame :scopes) frame))))))
  (dolist (thread (dape--threads conn)) (message "thread %s" (plist-get thread :name)))
  (message "frame %s %s" (plist-get frame :name) (plist-get frame :line))
  (message "scopes %S" (mapcar (lambda (scope) (plist-get scope :name)) (plist-get frame :scopes)))
  (dape-evaluate-expression conn "awaittrace stuck")
  (awaittrace-wait "the report" (lambda () (string-search "fix: " (awaittrace-repl))))
  (message "%s" (awaittrace-repl)))

(dape-quit)
(awaittrace-wait "the end" (lambda () (not (dape--live-connections))))
(dolist (process (process-list)) (set-process-query-on-exit-flag process nil))
