using ChunkStream.LocalHost.Web;
using Microsoft.Extensions.Options;

namespace ChunkStream.LocalHost;

/// <summary>Checks at start what the attributes of <see cref="LocalHostOptions"/> cannot express.</summary>
internal sealed class LocalHostOptionsValidator : IValidateOptions<LocalHostOptions>
{
    public ValidateOptionsResult Validate(string? name, LocalHostOptions options)
    {
        var mistakes = new List<string>();
        if (!ListenAddress.TryParse(options.Address, out var address))
        {
            mistakes.Add($"{LocalHostOptions.Section}:{nameof(LocalHostOptions.Address)} is \"{options.Address}\"; "
                + "it must be \"localhost\" or an IP address, such as 0.0.0.0 or ::.");
        }
        else if (!address.IsLoopback && options.FunctionKey is null)
        {
            mistakes.Add($"{LocalHostOptions.Section}:{nameof(LocalHostOptions.Address)} is {options.Address}, which "
                + "others can reach, but there is no "
                + $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.FunctionKey)} (environment: "
                + "ChunkStream__LocalHost__FunctionKey). Set one, or listen on localhost.");
        }

        if (options.FunctionKey is not null && string.IsNullOrWhiteSpace(options.FunctionKey))
        {
            mistakes.Add($"{LocalHostOptions.Section}:{nameof(LocalHostOptions.FunctionKey)} is blank (environment: "
                + "ChunkStream__LocalHost__FunctionKey). Set a key, or leave the setting out: then no key is asked "
                + "for, on localhost alone.");
        }

        mistakes.AddRange(CorsOrigins.Parse(options.CorsOrigins).Mistakes(address?.IsLoopback is not false));
        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}
