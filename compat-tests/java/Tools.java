// Kafka's command line tools, run one after another in this Java machine: what each prints, and its exit code.

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

final class Tools {
  /** The tools of 4.3 end by the first, those of 4.4 by the second. */
  private static final List<String> EXITS =
      List.of(
          "org.apache.kafka.common.utils.Exit", "org.apache.kafka.common.utils.internals.Exit");

  private volatile CompletableFuture<Integer> ended = new CompletableFuture<>();
  private final List<Runnable> hooks = new ArrayList<>();

  Tools() throws ReflectiveOperationException {
    for (String name : EXITS) intercept(name);
  }

  void register(Map<String, Driver.Command> commands) {
    commands.put("tool", this::tool);
  }

  /** Who calls Exit stays in the call for ever, as it would if the process had ended. */
  private void intercept(String name) throws ReflectiveOperationException {
    Class<?> exit;
    try {
      exit = Class.forName(name);
    } catch (ClassNotFoundException absent) {
      return;
    }
    Class<?> procedure = Class.forName(name + "$Procedure");
    ClassLoader loader = procedure.getClassLoader();
    Object park =
        Proxy.newProxyInstance(
            loader,
            new Class<?>[] {procedure},
            (proxy, method, args) -> {
              if (args[1] != null) System.err.println(args[1]);
              ended.complete((Integer) args[0]);
              while (true) Thread.sleep(60_000);
            });
    exit.getMethod("setExitProcedure", procedure).invoke(null, park);
    exit.getMethod("setHaltProcedure", procedure).invoke(null, park);
    Class<?> adder = Class.forName(name + "$ShutdownHookAdder");
    Object keep =
        Proxy.newProxyInstance(
            loader,
            new Class<?>[] {adder},
            (proxy, method, args) -> {
              hooks.add((Runnable) args[1]);
              return null;
            });
    exit.getMethod("setShutdownHookAdder", adder).invoke(null, keep);
  }

  private Object tool(JsonNode with) throws Exception {
    List<String> args = new ArrayList<>();
    with.get("args").forEach(arg -> args.add(arg.asText()));
    Class<?> tool = Class.forName(Topics.text(with, "class"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream stdout = System.out;
    PrintStream stderr = System.err;
    InputStream stdin = System.in;
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    System.setIn(
        new ByteArrayInputStream(with.path("input").asText("").getBytes(StandardCharsets.UTF_8)));
    ended = new CompletableFuture<>();
    hooks.clear();
    Thread thread = new Thread(() -> main(tool, args), "tool");
    thread.setDaemon(true);
    thread.start();
    try {
      int code = ended.get(with.path("timeoutMs").asInt(30_000), TimeUnit.MILLISECONDS);
      for (Runnable hook : hooks) hook.run();
      return Map.of(
          "code", code,
          "stdout", out.toString(StandardCharsets.UTF_8),
          "stderr", err.toString(StandardCharsets.UTF_8));
    } catch (TimeoutException overdue) {
      throw new IllegalStateException("the tool did not end: " + out + err);
    } finally {
      System.setOut(stdout);
      System.setErr(stderr);
      System.setIn(stdin);
    }
  }

  private void main(Class<?> tool, List<String> args) {
    try {
      tool.getMethod("main", String[].class).invoke(null, (Object) args.toArray(new String[0]));
      ended.complete(0);
    } catch (ReflectiveOperationException error) {
      (error.getCause() == null ? error : error.getCause()).printStackTrace();
      ended.complete(1);
    }
  }
}
