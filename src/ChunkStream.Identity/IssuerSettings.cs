using ChunkStream.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ChunkStream.Identity;

/// <summary>Reads the list of issuers from the configuration, and checks those of the code, too.</summary>
internal sealed class IssuerSettings : IConfigureOptions<IdentityOptions>, IValidateOptions<IdentityOptions>
{
    private readonly IConfigurationSection _list;
    private readonly (string Path, CheckedSettings<IssuerOptions> Settings)[] _given;

    public IssuerSettings(IConfiguration configuration)
    {
        _list = configuration.GetSection($"{IdentityOptions.Section}:{nameof(IdentityOptions.Issuers)}");
        _given = [.. _list.GetChildren().Select(given => (given.Path, new CheckedSettings<IssuerOptions>(given, [])))];
    }

    /// <inheritdoc />
    public void Configure(IdentityOptions options)
    {
        foreach (var (_, settings) in _given)
        {
            var issuer = new IssuerOptions();
            settings.Configure(issuer);
            options.Issuers.Add(issuer);
        }
    }

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, IdentityOptions options)
    {
        var mistakes = _given.SelectMany(given => given.Settings.Validate(name, new IssuerOptions()).Failures ?? [])
            .Concat(options.Issuers.SelectMany((issuer, index) => IssuerCheck.Mistakes(issuer, Path(index))))
            .ToList();
        if (_list.Value is not null)
            mistakes.Add($"{_list.Path} is a list: {_list.Path}:0:Authority is where its first issuer is.");
        var twice = options.Issuers.GroupBy(issuer => (issuer.Issuer ?? issuer.Authority)?.TrimEnd('/'))
            .FirstOrDefault(same => same.Key is not null && same.Count() > 1);
        if (twice is not null)
            mistakes.Add($"{_list.Path} has '{twice.Key}' twice. One issuer may have several audiences.");
        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }

    private string Path(int index) => index < _given.Length ? _given[index].Path : $"{_list.Path}:{index}";
}
