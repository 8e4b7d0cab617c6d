using System.Text.Json;
using ChunkStream.Chat;
using ChunkStream.Chat.Requests;
using Microsoft.Extensions.AI;

namespace ChunkStream.Functions.Tests.Chat;

/// <summary>The messages of clients become those of a model.</summary>
public sealed class ChatMessageTests
{
    [Fact]
    public void Messages_of_AI_SDK_have_their_texts_files_and_the_tools_that_have_answered()
    {
        var input = Read(ChatProtocol.UiMessages, """
            {"id":"chat","trigger":"submit-message","extra":{"model":"small"},"messages":[
              {"id":"0","role":"system","parts":[{"type":"text","text":"Be brief."}]},
              {"id":"1","role":"user","parts":[{"type":"text","text":"Look:"},
                {"type":"file","mediaType":"image/png","url":"data:image/png;base64,AQID"},
                {"type":"file","mediaType":"text/plain","url":"https://files.example/a.txt"}]},
              {"id":"2","role":"assistant","parts":[{"type":"step-start"},
                {"type":"reasoning","text":"Hm."},{"type":"text","text":"I ask."},
                {"type":"tool-add","toolCallId":"c1","state":"output-available","input":{"a":1},"output":{"sum":2}},
                {"type":"dynamic-tool","toolName":"bad","toolCallId":"c2","state":"output-error","input":{},
                  "errorText":"No."},
                {"type":"tool-open","toolCallId":"c3","state":"input-available","input":{}},
                {"type":"step-start"},{"type":"text","text":"Two."},{"type":"data-x","data":1}]}]}
            """);

        Assert.Equal(("chat", "submit-message 2", "2"), (input.ChatId, input.Subject, input.AnswerId));
        Assert.Equal("small", input.Body.GetProperty("extra").GetProperty("model").GetString());
        Assert.Equal(
            """
            system: Be brief.
            user: Look:, image/png 3, https://files.example/a.txt
            assistant: I ask., c1 add(a=1), c2 bad()
            tool: c1={"sum":2}, c2=No.
            assistant: Two.
            """,
            Spelled(input.Messages));
    }

    [Fact]
    public void Messages_of_AG_UI_have_the_same()
    {
        var input = Read(ChatProtocol.AgUi, """
            {"threadId":"t","runId":"r","tools":[],"context":[],"messages":[
              {"id":"0","role":"developer","content":"Be brief."},
              {"id":"1","role":"user","content":[{"type":"text","text":"Look:"},
                {"type":"image","source":{"type":"data","value":"AQID","mimeType":"image/png"}},
                {"type":"document","source":{"type":"url","value":"https://files.example/a.txt"}}]},
              {"id":"2","role":"reasoning","content":"Hm."},
              {"id":"3","role":"assistant","content":"I ask.","toolCalls":[
                {"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}},
                {"id":"c2","type":"function","function":{"name":"bad","arguments":"{"}}]},
              {"id":"4","role":"tool","toolCallId":"c1","content":"2"}]}
            """);

        Assert.Equal(("t", "run 4", "r"), (input.ChatId, input.Subject, input.AnswerId));
        Assert.Equal(
            """
            system: Be brief.
            user: Look:, image/png 3, https://files.example/a.txt
            assistant: I ask., c1 add(a=1), c2 bad()
            tool: c1=2
            """,
            Spelled(input.Messages));
    }

    private static ChatInput Read(ChatProtocol protocol, string body)
        => ChatInput.Read(JsonElement.Parse(body), protocol);

    private static string Spelled(IEnumerable<ChatMessage> messages)
        => string.Join('\n', messages.Select(message
            => $"{message.Role}: {string.Join(", ", message.Contents.Select(Spelled))}"));

    private static string Spelled(AIContent content) => content switch
    {
        TextContent text => text.Text,
        DataContent data => $"{data.MediaType} {data.Data.Length}",
        UriContent uri => uri.Uri.ToString(),
        FunctionCallContent call => $"{call.CallId} {call.Name}("
            + string.Join(", ", call.Arguments!.Select(one => $"{one.Key}={one.Value}")) + ")",
        FunctionResultContent result => $"{result.CallId}={result.Result}",
        _ => content.GetType().Name,
    };
}
