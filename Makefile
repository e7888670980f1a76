# The index of scripts/. Every target is one script; more is in its first lines.
.PHONY: help demo test torture check bench trace mutate audit documents pictures dist clean

help:   ## list these targets
	@sed -n 's/^\([a-z]*\): *## /make \1\t/p' Makefile
demo:   ## start Odoo and a ConnectWise to try it with
	@scripts/demo
test:   ## run the checkers and all tests
	@scripts/test
torture: ## try for 20 minutes to break what has to hold
	@scripts/torture
check:  ## run the checkers
	@scripts/check
bench:  ## measure the goals for speed (half an hour; QUICK=1: 2 minutes, small)
	@scripts/bench
trace:  ## count the calls, and the changes of file, of three things that people do
	@scripts/trace
mutate: ## see which small defects in lib/ no test notices (an hour or so)
	@scripts/mutate
audit:  ## look up known vulnerabilities of the pinned packages (asks a public database)
	@scripts/audit
documents: ## write what is made from the code: README.rst, the tables for integrators
	@scripts/documents
pictures: ## take the pictures in the documents and on the addon's page again
	@scripts/pictures
dist:   ## build the addon as a Python package into dist/
	@scripts/dist
clean:  ## remove .local, dist and caches, with the demo's data
	@scripts/clean
