// What a workflow in C++ asks of the host that runs it. <windlass/workflow.h> says what each means;
// here handles forget themselves, and what can fail returns a result.
#pragma once

#include <chrono>
#include <map>
#include <type_traits>
#include <windlass.hpp>
#include <windlass/json.hpp>
#include <windlass/workflow.h>

namespace windlass::workflow {

// Why something was not done: `task-unknown`, … and for people.
struct Refused {
  std::string code;
  std::string message;
};

// Why an invocation did not succeed.
struct TaskFailed {
  // `guest`, `trap`, `limit`, `timeout`, `host-lost`, `cancelled`, …
  std::string kind;
  std::string message;
  // Of kind `guest`: what the function returned as its error, as JSON.
  std::optional<std::string> payload;

  // What to tell of it: the error that the task returned, if it is text; else the message.
  std::string text() const {
    std::optional<std::string> told;
    if (payload) {
      told = json::Value(*payload).string();
    }
    return told.value_or(message);
  }
};

enum class State { scheduled, queued, running, waiting, succeeded, failed, cancelled };

// How long something may take; none for as long as it takes.
using Timeout = std::optional<std::chrono::milliseconds>;

struct Retries {
  std::uint32_t max = 0;
  std::chrono::milliseconds backoff{};
  double factor = 0;
  std::chrono::milliseconds max_backoff{};
  double jitter = 0;
  std::vector<std::string> on;
};

// How a call is to be run. What is not said comes from its task, its queue, its host.
struct Options {
  std::string queue;
  std::string id;
  std::int32_t priority = 0;
  std::chrono::milliseconds timeout{};
  std::chrono::milliseconds delay{};
  std::chrono::milliseconds deadline{};
  std::string partition;
  std::optional<Retries> retries;
  std::map<std::string, std::string> tags;
  bool detached = false;
};

// A call to be enqueued; the arguments are JSON.
struct Call {
  std::string task;
  std::string arguments;
  Options options;
};

// The handle of an invocation.
class Handle {
 public:
  explicit Handle(windlass_handle_t handle) : handle_(handle) {}
  Handle(Handle &&other) noexcept : handle_(other.handle_), owned_(std::exchange(other.owned_, false)) {}
  Handle &operator=(Handle &&other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  ~Handle() {
    if (owned_) {
      windlass_forget(handle_);
    }
  }

  std::string id() const {
    Scope scope;
    return text(windlass_handle_id(handle_));
  }
  // Waits until it has ended. Its value is JSON: `json::Value` reads it.
  result<json::Value, TaskFailed> get_result() const {
    Scope scope;
    windlass_string_t value;
    windlass_failure_t failure;
    if (windlass_get_result(handle_, &value, &failure)) {
      return json::Value(text(value));
    }
    std::optional<std::string> payload;
    if (failure.payload.len > 0) {
      payload = text(failure.payload);
    }
    return std::unexpected(TaskFailed{text(failure.kind), text(failure.message), payload});
  }
  State status() const { return static_cast<State>(windlass_status(handle_)); }
  // Asks for its end and for that of its descendants; does not wait for it.
  void cancel() const { windlass_cancel(handle_); }

  windlass_handle_t raw() const { return handle_; }

 private:
  windlass_handle_t handle_;
  bool owned_ = true;
};

namespace detail {

// A call as C takes it: looks at the call that it was made of.
class InC {
 public:
  explicit InC(const Call &of) {
    const Options &options = of.options;
    call_.task = of.task.c_str();
    call_.arguments = view(of.arguments);
    call_.options.queue = or_null(options.queue);
    call_.options.id = or_null(options.id);
    call_.options.priority = options.priority;
    call_.options.timeout_ms = ms(options.timeout);
    call_.options.delay_ms = ms(options.delay);
    call_.options.deadline_ms = ms(options.deadline);
    call_.options.partition = or_null(options.partition);
    call_.options.detached = options.detached;
    for (const auto &[name, value] : options.tags) {
      tags_.push_back(name.c_str());
      tags_.push_back(value.c_str());
    }
    tags_.push_back(nullptr);
    call_.options.tags = tags_.data();
    if (options.retries) {
      for (const std::string &kind : options.retries->on) {
        on_.push_back(kind.c_str());
      }
      on_.push_back(nullptr);
      retries_ = {options.retries->max,          ms(options.retries->backoff),
                  options.retries->factor,       ms(options.retries->max_backoff),
                  options.retries->jitter,       on_.data()};
      call_.options.retries = &retries_;
    }
  }
  InC(const InC &) = delete;
  InC &operator=(const InC &) = delete;

  const windlass_call_t &call() const { return call_; }

 private:
  static const char *or_null(const std::string &text) {
    return text.empty() ? nullptr : text.c_str();
  }
  static std::uint64_t ms(std::chrono::milliseconds time) {
    return static_cast<std::uint64_t>(time.count());
  }

  windlass_call_t call_{};
  windlass_retries_t retries_{};
  std::vector<const char *> tags_;
  std::vector<const char *> on_;
};

inline std::uint64_t until(Timeout timeout) {
  return timeout ? static_cast<std::uint64_t>(timeout->count()) : WINDLASS_FOREVER;
}

inline std::unexpected<Refused> refused(const windlass_refusal_t &refusal) {
  return std::unexpected(Refused{text(refusal.code), text(refusal.message)});
}

inline std::vector<windlass_handle_t> raw(std::span<const Handle> handles) {
  std::vector<windlass_handle_t> all;
  for (const Handle &handle : handles) {
    all.push_back(handle.raw());
  }
  return all;
}

}  // namespace detail

// Enqueues a call: `enqueue("resize", json::array(url, 3))`.
inline result<Handle, Refused> enqueue(std::string task, std::string arguments,
                                       Options options = {}) {
  Scope scope;
  Call call{std::move(task), std::move(arguments), std::move(options)};
  detail::InC made(call);
  windlass_handle_t handle;
  windlass_refusal_t refusal;
  const windlass_call_t &in_c = made.call();
  if (!windlass_enqueue(in_c.task, in_c.arguments, &in_c.options, &handle, &refusal)) {
    return detail::refused(refusal);
  }
  return Handle(handle);
}

// Enqueues many as one step, all or none.
inline result<std::vector<Handle>, Refused> enqueue_many(const std::vector<Call> &calls) {
  Scope scope;
  std::vector<std::optional<detail::InC>> made(calls.size());
  std::vector<windlass_call_t> in_c;
  for (std::size_t i = 0; i < calls.size(); i++) {
    in_c.push_back(made[i].emplace(calls[i]).call());
  }
  std::vector<windlass_handle_t> raw(calls.size());
  windlass_refusal_t refusal;
  if (!windlass_enqueue_many(in_c.data(), in_c.size(), raw.data(), &refusal)) {
    return detail::refused(refusal);
  }
  std::vector<Handle> handles;
  for (windlass_handle_t handle : raw) {
    handles.emplace_back(handle);
  }
  return handles;
}

// The handle of an invocation whose id the workflow was given.
inline result<Handle, Refused> find(std::string_view id) {
  Scope scope;
  windlass_handle_t handle;
  windlass_refusal_t refusal;
  if (!windlass_find(view(id), &handle, &refusal)) {
    return detail::refused(refusal);
  }
  return Handle(handle);
}

// Waits until one of them has ended and tells its index; none if the time was up before.
inline std::optional<std::size_t> wait_any(std::span<const Handle> handles, Timeout timeout = {}) {
  Scope scope;
  std::vector<windlass_handle_t> raw = detail::raw(handles);
  std::size_t which;
  if (windlass_wait_any(raw.data(), raw.size(), detail::until(timeout), &which)) {
    return which;
  }
  return std::nullopt;
}

// Waits until all have ended, or the time is up: whether they have.
inline bool wait_all(std::span<const Handle> handles, Timeout timeout = {}) {
  Scope scope;
  std::vector<windlass_handle_t> raw = detail::raw(handles);
  return windlass_wait_all(raw.data(), raw.size(), detail::until(timeout));
}

// Waits. Days are fine.
inline void sleep(std::chrono::milliseconds time) {
  windlass_sleep(static_cast<std::uint64_t>(time.count()));
}

// The time, as the journal has it.
inline std::chrono::sys_time<std::chrono::milliseconds> now() {
  return std::chrono::sys_time<std::chrono::milliseconds>(
      std::chrono::milliseconds(windlass_now()));
}

// Random bytes.
inline std::vector<std::uint8_t> random(std::size_t length) {
  std::vector<std::uint8_t> bytes(length);
  windlass_random(bytes.data(), bytes.size());
  return bytes;
}

// Shows a value to the outside under a name.
template <class T>
void publish(const std::string &name, const T &value) {
  Scope scope;
  windlass_publish(name.c_str(), view(json::text(value)));
}

// Waits for a message and takes it; none if the time was up before.
inline std::optional<json::Value> receive(const std::string &name, Timeout timeout = {}) {
  Scope scope;
  windlass_string_t value;
  if (windlass_receive(name.c_str(), detail::until(timeout), &value)) {
    return json::Value(text(value));
  }
  return std::nullopt;
}

// Does a piece of work once, whatever happens: a replay returns what was recorded. Inside it nothing
// is asked of the host: not the time either.
template <class Work>
json::Value step(const std::string &name, Work work) {
  Scope scope;
  auto call = [](void *context) -> windlass_string_t {
    std::string made = json::text((*static_cast<Work *>(context))());
    return windlass_copy(made.data(), made.size());
  };
  return json::Value(text(windlass_step(name.c_str(), call, &work)));
}

// Goes on as new with these arguments, and an empty journal.
[[noreturn]] inline void continue_as_new(const std::string &arguments) {
  windlass_continue_as_new(view(arguments));
}

}  // namespace windlass::workflow
