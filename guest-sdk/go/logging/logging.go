// Package logging brings log/slog, and with it the package log, into the invocation's log with its
// levels. A component imports it by itself where the project's package imports log/slog.
package logging

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	windlass "windlass.dev/guest"
)

// Handler is a slog.Handler that writes to the invocation's log. The host says when a line came, so
// that none has a time of its own.
type Handler struct {
	text   slog.Handler
	buffer *buffer
}

// buffer holds the one line that is being written.
type buffer struct {
	mutex sync.Mutex
	line  bytes.Buffer
}

// New makes a handler that writes what matters at least so much.
func New(level slog.Leveler) *Handler {
	buffer := new(buffer)
	options := slog.HandlerOptions{Level: level, ReplaceAttr: leaveOut}
	return &Handler{text: slog.NewTextHandler(&buffer.line, &options), buffer: buffer}
}

// Enabled says whether lines of a level are written.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

// Handle writes a line: the message as it is, and behind it the attributes.
func (h *Handler) Handle(ctx context.Context, record slog.Record) error {
	h.buffer.mutex.Lock()
	defer h.buffer.mutex.Unlock()
	h.buffer.line.Reset()
	attributes := slog.NewRecord(time.Time{}, record.Level, "", 0)
	record.Attrs(func(attribute slog.Attr) bool {
		attributes.AddAttrs(attribute)
		return true
	})
	if err := h.text.Handle(ctx, attributes); err != nil {
		return err
	}
	line := record.Message
	if written := bytes.TrimSpace(h.buffer.line.Bytes()); len(written) > 0 {
		line += " " + string(written)
	}
	windlass.Log(levelOf(record.Level), line)
	return nil
}

// WithAttrs is a handler that adds attributes to every line.
func (h *Handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &Handler{text: h.text.WithAttrs(attributes), buffer: h.buffer}
}

// WithGroup is a handler whose attributes stand in a group.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{text: h.text.WithGroup(name), buffer: h.buffer}
}

// leaveOut drops what the host keeps itself.
func leaveOut(groups []string, attribute slog.Attr) slog.Attr {
	_, isLevel := attribute.Value.Any().(slog.Level)
	isMessage := attribute.Key == slog.MessageKey && attribute.Value.String() == ""
	if len(groups) == 0 && (isLevel || isMessage) {
		return slog.Attr{}
	}
	return attribute
}

func levelOf(level slog.Level) windlass.Level {
	switch {
	case level < slog.LevelDebug:
		return windlass.LevelTrace
	case level < slog.LevelInfo:
		return windlass.LevelDebug
	case level < slog.LevelWarn:
		return windlass.LevelInfo
	case level < slog.LevelError:
		return windlass.LevelWarn
	default:
		return windlass.LevelError
	}
}
