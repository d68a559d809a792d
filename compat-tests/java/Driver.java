// Kafka's Java client as a program that tests talk to: one JSON request a line in, one JSON answer a line out.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Ends with its input. What it cannot do is answered with the name of the exception and its text. */
public final class Driver {
  static final ObjectMapper JSON = new ObjectMapper();

  interface Command {
    /** Gives what can be written as JSON. */
    Object run(JsonNode with) throws Exception;
  }

  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    String bootstrap = args[0];
    Map<String, Command> commands = new HashMap<>();
    new Records(bootstrap).register(commands);
    new Topics(bootstrap).register(commands);
    new Cluster(bootstrap).register(commands);
    new Members(bootstrap).register(commands);
    new Tools().register(commands);
    new Frames().register(commands);
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = requests.readLine()) != null; ) {
      JsonNode request = JSON.readTree(line);
      ObjectNode answer = JSON.createObjectNode().put("id", request.get("id").asInt());
      try {
        Command command = commands.get(request.get("do").asText());
        answer.set("ok", JSON.valueToTree(command.run(request.get("with"))));
      } catch (Throwable thrown) {
        Throwable cause = thrown;
        while ((cause instanceof ExecutionException || cause instanceof CompletionException)
            && cause.getCause() != null) cause = cause.getCause();
        answer.put("error", cause.getClass().getSimpleName());
        answer.put("message", String.valueOf(cause.getMessage()));
      }
      answers.println(JSON.writeValueAsString(answer));
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }
}
