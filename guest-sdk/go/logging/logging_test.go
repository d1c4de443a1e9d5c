package logging_test

import (
	"io"
	"log/slog"
	"os"
	"testing"

	"windlass.dev/guest/logging"
)

func TestALineHasItsLevelItsMessageAndItsAttributes(t *testing.T) {
	reader, writer, _ := os.Pipe()
	before := os.Stderr
	os.Stderr = writer
	logger := slog.New(logging.New(slog.LevelInfo)).With("letter", 7)

	logger.Debug("not this")
	logger.Warn("too long", "level", "high", "words", 12)

	os.Stderr = before
	writer.Close()
	text, _ := io.ReadAll(reader)
	if string(text) != "warn: too long letter=7 level=high words=12\n" {
		t.Errorf("got %q", text)
	}
}
