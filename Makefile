# Every target sets up what it needs by itself: see scripts/setup.
SHELL := bash
.PHONY: help demo test bench docs wheel-check clean setup
BIN := .venv/bin

help:
	@echo 'make demo           deblur a simulated radiograph in napari; without a display, into demo/'
	@echo '                    or your own: make demo IMAGE=scan.tif PSF=psf.tif OUT=folder'
	@echo 'make test           formatting, lint, types, floors, plugin manifest, every test'
	@echo 'make bench          speed beside other libraries'
	@echo 'make docs           the documentation, in site/'
	@echo 'make wheel-check    build the wheel, install it elsewhere, open both docks'
	@echo 'make clean          remove all that these targets made, .venv and demo/ included'

setup:
	@scripts/setup test

demo: setup
	@scripts/demo

test: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/npe2 validate --imports napari-deconv
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

bench:
	@scripts/setup bench
	@set -e; for script in $$(grep -l __main__ benchmarks/*.py); do .venv-bench/bin/python "$$script"; done

docs:
	@scripts/setup docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel-check: setup
	$(BIN)/python scripts/wheel_check.py

clean:
	rm -rf .venv .venv-bench site demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
